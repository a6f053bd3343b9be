const WHOLE: Readonly<Record<string, string>> = {
  batches_passed: 'Every batch passed its own checks',
  partitions_present: 'Every partition was rebuilt',
  row_count: 'Rows gained or lost',
  unique_key: 'No key stands twice',
  keys_elsewhere: 'No key that the base holds outside the interval too',
  rows_outside: 'Each partition holds the rows it was built with, and no other',
  reference_inputs: 'Every partition is built from one state of the reference inputs',
  rows_changed: 'Rows that change',
  rows_live: 'Rows that the live pipeline wrote meanwhile',
  rows_tolerated: 'Rows that differ within the tolerance of their columns, and count as equal',
  explained_twice: 'Changed rows that more than one named reason explains',
  columns: 'The corrected rows have the columns of the base: names, order, types',
  unexplained: 'Changed rows without a named reason',
  idempotency: 'Building a partition twice gives the same rows',
  idempotency_keys: 'Keys of the partition built twice are unique',
  idempotency_neighbours: 'Building a partition changes no other',
  seam: 'The corrected logic gives what the live pipeline wrote after the interval',
  reproduction: 'The trusted logic still gives what is published',
};

const WITH_SUBJECT: Readonly<Record<string, (subject: string) => string>> = {
  required: (column) => `${column} is never empty`,
  added: (column) => `${column}, added meanwhile, holds in the base what the corrected rows hold`,
  delta: (measure) => `Change of ${measure}`,
  source_total: (total) => `${total} agrees with its independent total`,
  partition_delta: (measure) => `Change of ${measure} in each partition`,
  input_effect: (measure) => `Change of ${measure} because inputs changed`,
  logic_effect: (measure) => `Change of ${measure} because of the corrected logic`,
  delta_by: (subject) => `Change of ${ofBoth(subject)}`,
  stands_out: (subject) => `Change of ${ofBoth(subject)} that is unlike the others`,
  unexplained_delta: (measure) => `Change of ${measure} in rows without a named reason, signs left out`,
  attribution: (measure) => `Named reasons and all the rest make up the change of ${measure}`,
  tolerated: (column) => `What tolerated differences of ${column} add up to`,
  boundary: (measure) => `No step of ${measure} at month ends and at the ends of the interval`,
  explained: (name) => `Changed rows explained by “${name}”`,
};

/** `revenue/merchant_id`: a measure by a dimension. */
function ofBoth(subject: string): string {
  const [measure = '', dimension = ''] = subject.split('/');
  return `${measure} for each ${dimension}`;
}

/** What a check is about, in plain words; its own name where nobody wrote any. */
export function checkInWords(name: string): string {
  const colon = name.indexOf(':');
  if (colon < 0) return WHOLE[name] ?? name;
  return WITH_SUBJECT[name.slice(0, colon)]?.(name.slice(colon + 1)) ?? name;
}
