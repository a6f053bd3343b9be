/** From a value to a place on the page. */
export type Scale = (value: number) => number;

export interface Extent {
  readonly low: number;
  readonly high: number;
}

export function linearScale(domain: Extent, from: number, to: number): Scale {
  const width = domain.high - domain.low;
  return (value) => (width === 0 ? (from + to) / 2 : from + ((value - domain.low) / width) * (to - from));
}

/** The smallest extent that holds every finite value, with a margin in parts of its height; null when there is none. */
export function extentOf(values: readonly (number | null)[], margin = 0.06): Extent | null {
  const finite = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (finite.length === 0) return null;
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const padding = high === low ? Math.max(Math.abs(high) * margin, Number.MIN_VALUE) || 1 : (high - low) * margin;
  return low === 0 && high === 0 ? { low: -1, high: 1 } : { low: low - padding, high: high + padding };
}

/** About `count` round values (1, 2 or 5 times a power of ten apart) inside the extent. */
export function niceTicks({ low, high }: Extent, count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** At most `count` indexes, evenly spread from the first on. */
export function spread(length: number, count: number): number[] {
  const step = Math.max(1, Math.ceil(length / count));
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);
}

/** An SVG path through the points; a null breaks the line. */
export function linePath(points: readonly ({ readonly x: number; readonly y: number } | null)[]): string {
  let pen = 'M';
  let path = '';
  for (const point of points) {
    if (point === null) pen = 'M';
    else {
      path += `${pen}${round(point.x)} ${round(point.y)}`;
      pen = 'L';
    }
  }
  return path;
}

/** A tenth of a unit is finer than any screen shows. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
