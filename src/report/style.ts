import type { Markup } from './markup.ts';

/** Fixed text of ours; colours keep a contrast of 4.5 to their background in both schemes. */
export const STYLE: Markup = {
  html: `
:root { color-scheme: light dark; --page: #ffffff; --panel: #f5f6f8; --ink: #1b1f24; --soft: #57606a; --line: #d5dae0; --old: #6b7280; --new: #0a5bd3; --band: #1a7f3733; --band-edge: #1a7f37; --good: #1a6b32; --bad: #b3211b; --warn: #8a5300; }
@media (prefers-color-scheme: dark) {
  :root { --page: #12151a; --panel: #1c2128; --ink: #e6e9ed; --soft: #a3adb8; --line: #353c46; --old: #a3adb8; --new: #6cb0ff; --band: #3fb95033; --band-edge: #3fb950; --good: #5cc974; --bad: #ff8a80; --warn: #e3b341; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 2.75rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0; max-width: 48rem; }
.lead { font-size: 1.05rem; }
.soft, caption { color: var(--soft); }
a { color: var(--new); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; padding: 0; margin: 1rem 0 0; font-size: .9rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.25rem; margin: 1rem 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: .75rem 0 1.25rem; }
table { border-collapse: collapse; font-size: .9rem; min-width: min(24rem, 100%); }
caption { text-align: left; padding-bottom: .35rem; font-size: .9rem; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.word, td.word { white-space: nowrap; }
td.word code { overflow-wrap: normal; }
.sentence { display: inline-block; max-width: 20rem; text-align: left; white-space: normal; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 700; }
.warn { color: var(--warn); font-weight: 600; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .85rem; }
code { overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; margin: .4rem 0 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.decide { background: var(--panel); border: 1px solid var(--line); border-left: 4px solid var(--new); border-radius: 6px; padding: .25rem 1.1rem .6rem; }
.decide pre { background: var(--page); }
figure { margin: 1rem 0 1.5rem; }
figcaption { font-size: .9rem; color: var(--soft); margin-bottom: .25rem; }
svg { display: block; width: 100%; min-width: 48rem; height: auto; }
svg text { fill: var(--soft); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; font-variant-numeric: tabular-nums; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .zero { stroke: var(--soft); stroke-width: 1; }
svg .old { stroke: var(--old); stroke-width: 1.4; stroke-dasharray: 4 3; fill: none; }
svg .new { stroke: var(--new); stroke-width: 1.6; fill: none; }
svg .bar { fill: var(--new); stroke: none; }
svg .dot { fill: var(--new); stroke: none; }
svg .outside { fill: var(--bad); stroke: var(--page); stroke-width: 1; }
svg .band { fill: var(--band); stroke: none; }
svg .band-edge { stroke: var(--band-edge); stroke-width: 1; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print {
  :root { --page: #fff; --panel: #fff; --ink: #000; --soft: #444; --line: #bbb; --old: #555; --new: #0a4bb0; --band: #1a7f3722; --band-edge: #1a7f37; --good: #14532d; --bad: #991b1b; --warn: #713f12; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  .scroll { overflow: visible; }
  svg { min-width: 0; }
  h2, h3, caption, figcaption { break-after: avoid; }
  tr, figure, pre, .decide { break-inside: avoid; }
  thead { display: table-header-group; }
}
@page { margin: 16mm 14mm; }
`,
};
