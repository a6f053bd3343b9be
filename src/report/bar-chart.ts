import type { DeltaBucket } from '../domain/delta-distribution.ts';
import { CHART, svg } from './chart-svg.ts';
import { linearScale, niceTicks, round, spread } from './chart-scale.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import { counted, formatCount } from './words.ts';

const HEIGHT = 240;
/** More labels below the bars would touch each other. */
const LABELS = 12;
/** A bucket of few rows among millions still shows. */
const LEAST_HEIGHT = 1.5;

/** How many rows move by how much: one bar a bucket, from the largest loss to the largest gain. */
export function deltaChart(id: string, measure: string, buckets: readonly DeltaBucket[]): Markup {
  const most = buckets.reduce((high, { rows }) => Math.max(high, rows), 0);
  if (most === 0) return NOTHING;
  const { left, right, top, bottom, width } = CHART;
  const floor = HEIGHT - bottom;
  const x = linearScale({ low: 0, high: buckets.length }, left, width - right);
  const y = linearScale({ low: 0, high: most * 1.06 }, floor, top);
  const lines = niceTicks({ low: 0, high: most * 1.06 }, 4)
    .filter((tick) => Number.isInteger(tick))
    .map(
      (tick) =>
        markup`<line class="grid" x1="${left}" x2="${width - right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text x="${left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${formatCount(tick)}</text>\n`,
    );
  const bars = buckets.map(({ rows }, place) => {
    const height = rows === 0 ? 0 : Math.max(LEAST_HEIGHT, floor - y(rows));
    return markup`<rect class="bar" x="${round(x(place + 0.1))}" y="${round(floor - height)}" width="${round(x(0.8) - x(0))}" height="${round(height)}"/>\n`;
  });
  const labels = spread(buckets.length, LABELS).map((place) => {
    const bucket = buckets[place];
    return bucket === undefined
      ? NOTHING
      : markup`<text x="${round(x(place + 0.5))}" y="${HEIGHT - 8}" text-anchor="middle">${shortRange(bucket)}</text>\n`;
  });
  const rows = buckets.reduce((sum, bucket) => sum + bucket.rows, 0);
  const description = `${counted(rows, 'row')} from ${bucketInWords(buckets[0])} to ${bucketInWords(buckets.at(-1))}; the highest bar has ${formatCount(most)}.`;
  return svg(id, `Rows by their change of ${measure}`, description, HEIGHT, [
    markup`${lines}`,
    markup`${bars}`,
    markup`${labels}`,
  ]);
}

/** `-10 to -1`, `0 to 0.01`, `1,000,000 and more`; the end nearer to zero belongs to it. */
export function bucketInWords(bucket: DeltaBucket | undefined): string {
  if (bucket === undefined) return 'nothing';
  if (bucket.sign === null) return 'no number';
  if (bucket.sign === 0) return '0';
  const minus = bucket.sign < 0 ? '-' : '';
  if (bucket.high === null) return `${minus}${edge(bucket.low)} and ${bucket.sign < 0 ? 'less' : 'more'}`;
  const [near, far] = [bucket.low === null ? '0' : `${minus}${edge(bucket.low)}`, `${minus}${edge(bucket.high)}`];
  return bucket.sign < 0 ? `${far} to ${near}` : `${near} to ${far}`;
}

/** As little as fits below a bar: where it begins, away from zero. */
function shortRange({ sign, low }: DeltaBucket): string {
  if (sign === null) return 'NaN';
  if (sign === 0) return '0';
  const from = low === null ? '<0.01' : COMPACT.format(Number(low));
  return sign < 0 ? `-${from}` : `+${from}`;
}

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact' });

function edge(text: string | null): string {
  return WHOLE.format(Number(text ?? 0));
}
