import type { DatasetContract } from '../../domain/dataset-contract.ts';
import { formatName } from '../../domain/names.ts';
import type { ViewShape } from '../../domain/table-shape.ts';
import { isSecurityInvoker } from '../../domain/view-rights.ts';
import { viewReasons } from '../preflight.ts';

/** Why readers cannot be brought behind this view: an adoption takes the base's grants away, and some views need them. */
export function adoptedViewReasons(
  view: ViewShape | null,
  contract: Pick<DatasetContract, 'dataset' | 'publishedView'>,
): string[] {
  const name = formatName(contract.publishedView);
  return [
    ...viewReasons(view, contract),
    ...(view !== null && isSecurityInvoker(view.options)
      ? [
          `view ${name} is security_invoker: its readers need their own rights on ${formatName(contract.dataset)}, and an adoption takes these away; make it an owner's view first: ALTER VIEW ${name} RESET (security_invoker)`,
        ]
      : []),
  ];
}
