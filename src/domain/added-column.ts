/** A column that the base got while a run was under way, and that a replan carried into shadow and view. */
export interface AddedColumn {
  readonly name: string;
  /**
   * `transform`: the corrected logic yields it, and everything is built again. `default`: a constant, which every row of
   * the interval holds in the base. `server`: computed from other columns, in shadow and base alike.
   */
  readonly filledBy: 'transform' | 'default' | 'server';
  /** The constant as the catalogue spells it, `NULL` where the column has no default; null where it is not that. */
  readonly value: string | null;
}

interface Columns {
  readonly comparedColumns: readonly string[];
  readonly addedColumns: readonly AddedColumn[];
}

/** What the corrected logic yields: the compared columns, and those that were added since. */
export function builtColumns({ comparedColumns, addedColumns }: Columns): readonly string[] {
  return [...comparedColumns, ...addedColumns.filter((one) => one.filledBy === 'transform').map(({ name }) => name)];
}

/** Columns that hold a constant in the shadow, and must hold it in the base, or readers would miss what is written there. */
export function constantColumns(plan: Pick<Columns, 'addedColumns'>): readonly { name: string; value: string }[] {
  return plan.addedColumns.flatMap(({ name, value }) => (value === null ? [] : [{ name, value }]));
}
