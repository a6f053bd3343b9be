import type { DatasetContract } from '../../../domain/dataset-contract.ts';
import { jsonObject } from '../../sql.ts';

/** Measures over the rows of a query, as an object of exact text: 0 where there is nothing to add up. */
export function measured(measures: DatasetContract['measures']): string {
  return jsonObject(Object.entries(measures).map(([name, expression]) => [name, `coalesce(${expression}, 0)::text`]));
}
