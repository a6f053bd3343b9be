import { readScenarioFile } from '../../examples/daily-revenue/scenario.ts';

/** A SQL file of the contract with its two parameters written in as dates. */
export async function transformRange(file: string, start: string, end: string): Promise<string> {
  const text = await readScenarioFile(`contracts/${file}`);
  return text
    .replaceAll(/:(partition|range)_start\b/g, `date '${start}'`)
    .replaceAll(/:(partition|range)_end\b/g, `date '${end}'`);
}

export const CORRECTED_V1 = 'transforms/daily_revenue.corrected.v1.sql';
export const CORRECTED_V2 = 'transforms/daily_revenue.corrected.v2.sql';
export const TRUSTED = 'transforms/daily_revenue.trusted.sql';
export const GROSS_BY_DAY = 'totals/gross_by_day.sql';

/** First day of the second era of the corrected transform. */
export const SECOND_ERA = '2025-07-01';
