/** Numbers in [0, 1) that follow from the seed alone (mulberry32), so that a failing run can be asked for again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of them; there must be one. */
export function drawFrom<T>(random: () => number, from: readonly T[]): T {
  const drawn = from[Math.floor(random() * from.length)];
  if (drawn === undefined) throw new Error('nothing to draw from');
  return drawn;
}
