/** Index of the era that holds for a partition: the last one that begins at or before it. Eras are sorted by `from`. */
export function eraOf(eras: readonly { readonly from: string }[], partitionStart: string): number {
  let found = 0;
  eras.forEach((era, index) => {
    if (era.from <= partitionStart.slice(0, era.from.length)) found = index;
  });
  return found;
}
