/** The page's looks. The three colours differ for colour-blind eyes as well, and each is named beside what it colours. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --panel: #f5f6f8; --text: #1c2026; --soft: #5a6270; --line: #d9dde3;
  --here: #b84a00; --here-2: #d9722b; --pool: #0068a8; --pool-2: #3d93cc; --plain: #00735a; --plain-2: #3a9c84;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171c; --panel: #1d2128; --text: #e8eaee; --soft: #a3abb8; --line: #353b45;
    --here: #f2994a; --here-2: #c47532; --pool: #62b6f0; --pool-2: #3d86b8; --plain: #4cc9a4; --plain-2: #33937a;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px }
h2 { font-size: 22px; line-height: 1.3; margin: 56px 0 4px }
p { margin: 6px 0 }
.soft, figcaption, th, .axis { color: var(--soft) }
.cards { display: grid; grid-template-columns: repeat(3, 1fr); gap: 16px; margin: 28px 0 0 }
.card { background: var(--panel); border-radius: 10px; padding: 18px 20px }
.card b { display: block; font-size: 32px; line-height: 1.15; letter-spacing: -0.5px; font-variant-numeric: tabular-nums }
.card a { color: inherit; text-decoration: none; font-weight: 600 }
.card p { font-size: 14px; margin: 4px 0 0 }
figure { margin: 22px 0 0 }
figcaption { font-size: 14px; margin: 0 0 10px }
.key { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin: 0 6px 0 0; vertical-align: -1px }
.keys span { margin-right: 20px; white-space: nowrap }
.here { background: var(--here) } .pool { background: var(--pool) } .plain { background: var(--plain) }
.plot { display: grid; grid-template-columns: 62px 1fr; font-size: 13px; font-variant-numeric: tabular-nums }
.plot svg, .track svg { display: block; width: 100%; height: 100% }
.area { position: relative; height: 320px; border-left: 1px solid var(--line); border-bottom: 1px solid var(--line) }
.axis { position: relative; font-size: 13px }
.axis span { position: absolute; white-space: nowrap }
.axis.up span { right: 10px; transform: translateY(50%) }
.axis.along { height: 24px; grid-column: 2 }
.axis.along span { transform: translateX(-50%); top: 4px }
.grid { stroke: var(--line); stroke-width: 1 }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round }
.curve.here { stroke: var(--here) } .curve.pool { stroke: var(--pool) } .curve.pool { stroke-width: 1.5 }
.grid, .curve { vector-effect: non-scaling-stroke }
.name { grid-column: 2; color: var(--soft); font-size: 13px; text-align: center }
.streams { display: grid; grid-template-columns: 110px 1fr; gap: 6px 12px; align-items: center; font-size: 14px }
.track { height: 26px; background: var(--panel); border-radius: 4px; overflow: hidden }
.group { grid-column: 1 / -1; margin-top: 10px; font-weight: 600 }
.group span { font-weight: 400; color: var(--soft) }
.bar-here { fill: var(--here) } .bar-here:nth-child(even) { fill: var(--here-2) }
.bar-pool { fill: var(--pool) } .bar-pool:nth-child(even) { fill: var(--pool-2) }
.bar-plain { fill: var(--plain) } .bar-plain:nth-child(even) { fill: var(--plain-2) }
.tiles { display: grid; grid-template-columns: repeat(25, 1fr); gap: 6px; margin: 18px 0 0; padding: 0; list-style: none }
.tiles li { height: 26px; border-radius: 5px; font-size: 13px; line-height: 26px; text-align: center; background: var(--panel); color: var(--pool) }
.tiles li.fault { background: var(--here); color: var(--ground); font-weight: 700 }
.scroll { overflow-x: auto; margin: 18px 0 0 }
table { border-collapse: collapse; width: 100%; font-size: 15px; font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: 500; font-size: 14px }
th, td { padding: 8px 16px 8px 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.figure, th.figure { text-align: right }
td.figure { white-space: nowrap }
table:not(.stacked) th:first-child { width: 30% }
th:last-child, td:last-child { padding-right: 0 }
.verdict { margin-top: 16px }
footer { margin-top: 56px; font-size: 14px; color: var(--soft) }
code { font: 0.92em ui-monospace, monospace }
@media (max-width: 700px) {
  main { padding: 24px 16px 48px }
  h1 { font-size: 25px } h2 { font-size: 20px; margin-top: 44px }
  .cards { grid-template-columns: 1fr; gap: 10px }
  .area { height: 260px }
  .plot { grid-template-columns: 52px 1fr }
  .streams { grid-template-columns: 70px 1fr; gap: 6px 8px; font-size: 13px }
  table.stacked thead { display: none }
  table.stacked td { display: block; padding: 2px 0; border: 0 }
  table.stacked td:first-child { padding-top: 12px }
  table.stacked td:last-child { padding-bottom: 12px; border-bottom: 1px solid var(--line) }
  table { font-size: 13px } th { font-size: 12px } th, td { padding-right: 10px }
  .tiles { grid-template-columns: repeat(10, 1fr) }
  .card b { font-size: 30px }
}
`;
