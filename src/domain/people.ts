/** People are named in messages as they like to write themselves; two names are the same whatever their case. */
export function samePerson(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}

export function isListed(person: string, list: readonly string[]): boolean {
  return list.some((listed) => samePerson(listed, person));
}

/** How we know who somebody is: a name in a message, an authenticating proxy, or a signature over the digest. */
export const IDENTIFICATIONS = ['claimed', 'proxy', 'signed'] as const;
export type Identification = (typeof IDENTIFICATIONS)[number];

/** Whether somebody is known at least as well as is asked for. */
export function isIdentified(how: Identification, atLeast: Identification): boolean {
  return IDENTIFICATIONS.indexOf(how) >= IDENTIFICATIONS.indexOf(atLeast);
}
