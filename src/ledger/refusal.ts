/** What we will not do to this warehouse, in a sentence for a person: trying again changes nothing until somebody acts. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
