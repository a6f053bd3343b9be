import type { QualifiedName } from '../../domain/names.ts';
import type { AdoptionTarget } from './read-facts.ts';

/** What is to be adopted, by whom, and what it is called afterwards. */
export interface AdoptionOrder {
  readonly target: AdoptionTarget;
  /** Names that table and view have afterwards; null where both keep theirs. */
  readonly renamed: { readonly base: QualifiedName; readonly view: QualifiedName } | null;
  /** The view that the contract names today. */
  readonly contractView: QualifiedName;
  readonly requestedBy: string;
  readonly ledgerOwner: string;
  readonly now: Date;
}
