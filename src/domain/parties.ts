import { isListed } from './people.ts';

/** Parties of the contract that have not signed off yet, in its order. */
export function missingSignOffs(parties: readonly string[], signed: readonly { readonly party: string }[]): string[] {
  const done = signed.map((signOff) => signOff.party);
  return parties.filter((party) => !isListed(party, done));
}
