/** Styles for the screen and for paper. On paper no page break splits a question. */
export const STYLE = `
:root { color-scheme: light; --ink: #23282d; --soft: #5d656d; --rule: #e4e4e0; --paper: #fff; --desk: #f5f5f2; --accent: #2a7f8e; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--desk); color: var(--ink); line-height: 1.55;
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif; }
header, section { background: var(--paper); max-width: 980px; margin: 20px auto; padding: 28px 40px;
  border: 1px solid var(--rule); border-radius: 8px; }
h1 { margin: 0 0 16px; font-size: 28px; line-height: 1.2; }
h2 { margin: 0 0 8px; font-size: 19px; line-height: 1.3; }
dl { display: flex; flex-wrap: wrap; gap: 8px 36px; margin: 0 0 12px; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
header p { color: var(--soft); font-size: 13px; margin: 0 0 16px; }
nav ol { columns: 2; column-gap: 36px; margin: 0; padding-left: 22px; font-size: 14px; }
nav li { break-inside: avoid; padding: 2px 0; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
.answer { font-size: 17px; margin: 0 0 16px; overflow-wrap: anywhere; }
.answer.none, .before { color: var(--soft); }
.before { margin: -8px 0 16px; overflow-wrap: anywhere; }
td small { display: block; color: var(--soft); font-size: 11px; font-weight: 400; white-space: nowrap; }
figure { margin: 0 0 16px; overflow-x: auto; }
svg { display: block; width: 100%; min-width: 560px; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 12.5px; line-height: 1.4; }
th, td { padding: 6px 7px; border-bottom: 1px solid var(--rule); vertical-align: top; text-align: left; }
th { color: var(--soft); font-weight: 500; vertical-align: bottom; word-break: keep-all; }
td.text { overflow-wrap: anywhere; min-width: 84px; }
.figure { text-align: right; font-variant-numeric: tabular-nums; }
td.figure { white-space: nowrap; }
tr.total td { font-weight: 650; background: #fafaf8; }
.more, .definition { color: var(--soft); font-size: 13px; margin: 12px 0 0; }
.definition strong { font-weight: 600; }
@media (max-width: 720px) {
  header, section { margin: 0; padding: 20px 16px; border-width: 0 0 1px; border-radius: 0; }
  nav ol { columns: 1; }
}
@media print {
  body { background: none; font-size: 11pt; }
  header, section { border: 0; margin: 0; padding: 0 0 18pt; max-width: none; }
  section, figure, tr { break-inside: avoid; }
  nav { display: none; }
  .wide { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding: 3pt 4pt; }
}
@page { margin: 16mm; }
`
