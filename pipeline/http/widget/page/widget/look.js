/** The style of the widget. A constructed style sheet needs no permission of the page's content security policy. */
export const LOOK = `
:host { --accent: #0b57d0; --paper: #fff; --ink: #1b1b1f; --soft: #eef0f4; --line: #777b85; --bad: #b3261e;
  position: fixed; inset-block-end: 16px; inset-inline-end: 16px; z-index: 2147483000; color-scheme: light dark;
  font: 16px/1.45 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :host { --paper: #1b1c20; --ink: #eceef2; --soft: #2b2d33; --line: #9297a3; --bad: #ffb4ab; } }
* { box-sizing: border-box; font: inherit; }
[hidden] { display: none !important; }
button { cursor: pointer; border: 1px solid var(--line); border-radius: 8px; padding: 6px 12px; background: var(--paper); color: var(--ink);
  min-height: 36px; }
button:disabled { cursor: default; opacity: .6; }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
.open, .main { background: var(--accent); border-color: var(--accent); color: #fff; }
@supports (color: contrast-color(red)) { .open, .main { color: contrast-color(var(--accent)); } }
.open { border-radius: 24px; padding: 10px 20px; box-shadow: 0 2px 10px #0005; }
.panel { display: flex; flex-direction: column; width: 380px; height: min(620px, calc(100dvh - 32px)); background: var(--paper);
  color: var(--ink); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; box-shadow: 0 4px 24px #0006; }
header { display: flex; align-items: center; justify-content: space-between; padding: 8px 12px; border-block-end: 1px solid var(--line); }
h2 { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.log { flex: 1; overflow-y: auto; padding: 12px; display: flex; flex-direction: column; gap: 10px; }
.log:focus-visible { outline-offset: -3px; }
article { max-width: 88%; align-self: flex-start; background: var(--soft); border-radius: 10px; padding: 8px 12px; }
article.user { align-self: flex-end; border-inline-end: 4px solid var(--accent); }
.name, ul { font-size: 13px; }
.text { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
ul { margin: 6px 0 0; padding-inline-start: 18px; overflow-wrap: anywhere; }
a { color: inherit; }
.row { display: flex; flex-wrap: wrap; gap: 6px; margin-block-start: 6px; }
.row .thumb { padding: 0 10px; min-height: 30px; font-size: 13px; }
[aria-pressed=true] { background: var(--ink); color: var(--paper); }
.status { padding: 6px 12px; background: var(--soft); }
.wrong { margin: 0; color: var(--bad); }
.wrong:empty { display: none; }
form { display: flex; flex-direction: column; gap: 8px; }
.composer { flex-direction: row; align-items: flex-end; padding: 8px 12px; border-block-start: 1px solid var(--line); }
.composer label { flex: 1; }
label span { display: block; font-size: 13px; }
textarea, input, select { width: 100%;
  border: 1px solid var(--line); border-radius: 8px; padding: 7px; background: var(--paper); color: var(--ink); }
input[type=checkbox] { width: 20px; height: 20px; }
textarea { resize: none; height: 64px; display: block; }
@media (max-width: 480px) { .panel { position: fixed; inset: 0; width: auto; height: 100dvh; border: 0; border-radius: 0; } }
@media (prefers-reduced-motion: no-preference) { .log { scroll-behavior: smooth; } }
`
