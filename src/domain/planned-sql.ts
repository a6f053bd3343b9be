/** One SQL file as it was when the plan was frozen. */
export interface PlannedSql {
  readonly file: string;
  readonly sha256: string;
  /** As written, placeholders by name. */
  readonly text: string;
}
