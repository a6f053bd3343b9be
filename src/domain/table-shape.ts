import type { QualifiedName } from './names.ts';
import type { RowSecurity } from './row-security.ts';

export interface ColumnShape {
  readonly name: string;
  /** Of the catalogue (`attnum`): stays when the column is renamed, and is never given again. */
  readonly number: number;
  /** As `format_type` prints it, e.g. `numeric(14,2)`. */
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** Computed by the server from other columns: never written. */
  readonly generated: boolean;
  readonly identity: boolean;
}

/** What the catalogue says of the base table. */
export interface TableShape {
  readonly name: QualifiedName;
  /** `r` ordinary, `p` partitioned; anything else is refused. */
  readonly kind: string;
  readonly owner: string;
  readonly columns: readonly ColumnShape[];
  /** Column sets of valid, immediate, non-partial unique indexes without expressions. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Those of them that hold a null to be equal to a null. */
  readonly uniqueWithNulls: readonly (readonly string[])[];
  /** First columns of its valid indexes, and of its partition key. */
  readonly leadingColumns: readonly string[];
  readonly bytes: number;
  readonly rowSecurity: RowSecurity;
}

export interface ViewShape {
  readonly name: QualifiedName;
  readonly kind: string;
  readonly owner: string;
  readonly options: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** The view is `SELECT columns FROM base` and nothing else. */
  readonly plain: boolean;
}

/** Somebody who reads the base table past the published view. */
export interface DirectReader {
  readonly kind: 'role' | 'view' | 'materialised view' | 'function' | 'rule' | 'policy';
  readonly name: string;
}
