import type { KeyRange, PercentRange } from '../domain/backfill-spec.ts';
import type { Extent, Scale } from './chart-scale.ts';
import { extentOf, linearScale, linePath, niceTicks, round, spread } from './chart-scale.ts';
import type { Markup } from './markup.ts';
import { markup, NOTHING } from './markup.ts';
import type { Comparison } from './report.ts';
import { formatRange } from './words.ts';

/** `end` is where the point ends, and no part of it. */
export type Point = Comparison & KeyRange;

interface ChartInput {
  /** Unlike any other chart's on the page: titles are referred to by it. */
  readonly id: string;
  readonly measure: string;
  readonly points: readonly Point[];
  readonly band: PercentRange | null;
}

const WIDTH = 960;
const LEFT = 76;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 26;
/** The place of the axes, for every chart alike. */
export const CHART = { width: WIDTH, left: LEFT, right: RIGHT, top: TOP, bottom: BOTTOM } as const;
/** More points than this are drawn as a line without dots. */
const DOTS = 90;
/** Keys below a chart, each about this wide: `2024-12-01` at 12 pixels. */
const KEYS = 7;
const KEY_WIDTH = 68;

/** Old and new side by side, with the range in which new was expected. The value axis does not begin at zero. */
export function valueChart({ id, measure, points, band }: ChartInput): Markup {
  const height = 280;
  const olds = points.map((point) => finite(Number(point.old)));
  const news = points.map((point) => finite(Number(point.new)));
  const extent = extentOf([...olds, ...news]);
  if (extent === null) return NOTHING;
  const { x, y, axes } = frame(points, extent, height, (value) => COMPACT.format(value));
  const place = (value: number | null, index: number) => (value === null ? null : { x: x(index), y: y(value) });
  const title = `${measure}, old and new`;
  const description = `${span(points)}. Old lies between ${ends(olds)}, new between ${ends(news)}.${band === null ? '' : ` The shaded band is where new was expected: old changed by ${formatRange(band)}.`}`;
  return svg(id, title, description, height, [
    axes,
    band === null ? NOTHING : markup`<path class="band" d="${bandPath(olds, band, x, y)}"/>\n`,
    markup`<path class="old" d="${linePath(olds.map(place))}"/>\n<path class="new" d="${linePath(news.map(place))}"/>\n`,
  ]);
}

/** New against old in percent, with the expected range; what lies outside it is marked. */
export function changeChart({ id, measure, points, band }: ChartInput): Markup {
  const height = 220;
  const changes = points.map((point) => (point.percent === null ? null : finite(Number(point.percent))));
  const extent = extentOf([...changes, 0, ...(band === null ? [] : [band.low, band.high])]);
  if (extent === null) return NOTHING;
  const { x, y, axes } = frame(points, extent, height, (value) => `${value}%`);
  const outside = changes.map(
    (change) => change !== null && band !== null && (change < band.low || change > band.high),
  );
  const dots = changes.flatMap((change, index) => {
    if (change === null || (!outside[index] && points.length > DOTS)) return [];
    return [
      markup`<circle class="${outside[index] ? 'outside' : 'dot'}" cx="${round(x(index))}" cy="${round(y(change))}" r="${outside[index] ? 4 : 2.2}"/>`,
    ];
  });
  const beyond = outside.filter(Boolean).length;
  const title = `${measure}, change in percent`;
  const expected =
    band === null
      ? 'No range was set.'
      : `Expected: ${formatRange(band)}; ${beyond} of ${points.length} points lie outside.`;
  return svg(id, title, `${span(points)}. The change lies between ${ends(changes, '%')}. ${expected}`, height, [
    axes,
    band === null ? NOTHING : bandAcross(band, x(-0.5), x(points.length - 0.5), y),
    markup`<line class="zero" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(0))}" y2="${round(y(0))}"/>\n`,
    markup`<path class="new" d="${linePath(changes.map((change, index) => (change === null ? null : { x: x(index), y: y(change) })))}"/>\n${dots}\n`,
  ]);
}

const COMPACT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 4 });

/** A labelled picture, as wide as `CHART`, which scrolls by itself where the page is narrower than its letters can be read; `id` is unlike any other chart's on the page. */
export function svg(id: string, title: string, description: string, height: number, layers: readonly Markup[]): Markup {
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${title}"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title>
<desc id="${id}-desc">${description}</desc>
${layers}</svg></div>
`;
}

/** Scales and axes: horizontal lines at round values, the first key of some points below. */
function frame(
  points: readonly Point[],
  extent: Extent,
  height: number,
  label: (value: number) => string,
): { x: Scale; y: Scale; axes: Markup } {
  const x = linearScale({ low: -0.5, high: points.length - 0.5 }, LEFT, WIDTH - RIGHT);
  const y = linearScale(extent, height - BOTTOM, TOP);
  const lines = niceTicks(extent, 5).map(
    (tick) =>
      markup`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text x="${LEFT - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${label(tick)}</text>\n`,
  );
  const keys = spread(points.length, KEYS).map((index) => {
    const [at, anchor] = index === 0 ? [LEFT, 'start'] : [Math.min(WIDTH - RIGHT - KEY_WIDTH / 2, x(index)), 'middle'];
    return markup`<text x="${round(at)}" y="${height - 8}" text-anchor="${anchor}">${(points[index]?.start ?? '').slice(0, 10)}</text>\n`;
  });
  return { x, y, axes: markup`${lines}${keys}` };
}

/** The area between old at the low and at the high end of the range, piece by piece where old is known. */
function bandPath(olds: readonly (number | null)[], band: PercentRange, x: Scale, y: Scale): string {
  const at = (old: number, percent: number): number => y(old + (Math.abs(old) * percent) / 100);
  const pieces: { index: number; old: number }[][] = [[]];
  olds.forEach((old, index) => {
    if (old === null) pieces.push([]);
    else pieces.at(-1)?.push({ index, old });
  });
  return pieces
    .filter((piece) => piece.length > 0)
    .map((piece) => {
      const upper = piece.map(({ index, old }) => ({ x: x(index), y: at(old, band.high) }));
      const lower = piece.map(({ index, old }) => ({ x: x(index), y: at(old, band.low) })).reverse();
      return `${linePath([...upper, ...lower])}Z`;
    })
    .join('');
}

function bandAcross(band: PercentRange, left: number, right: number, y: Scale): Markup {
  const edge = (percent: number): Markup =>
    markup`<line class="band-edge" x1="${round(left)}" x2="${round(right)}" y1="${round(y(percent))}" y2="${round(y(percent))}"/>\n`;
  return markup`<rect class="band" x="${round(left)}" y="${round(y(band.high))}" width="${round(right - left)}" height="${round(y(band.low) - y(band.high))}"/>
${edge(band.low)}${edge(band.high)}`;
}

function span(points: readonly Point[]): string {
  return `${points.length} points from ${points[0]?.start ?? ''} to before ${points.at(-1)?.end ?? ''}`;
}

function ends(values: readonly (number | null)[], unit = ''): string {
  const extent = extentOf(values, 0);
  return extent === null
    ? 'nothing and nothing'
    : `${EXACT.format(extent.low)}${unit} and ${EXACT.format(extent.high)}${unit}`;
}

const EXACT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
