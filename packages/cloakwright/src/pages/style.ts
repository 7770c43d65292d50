/** The style of every page: readable at any width, in light and dark, with visible focus. */
export const style = `
:root {
  color-scheme: light dark;
  --ink: #16202c; --quiet: #55606d; --paper: #f3f5f8; --card: #fff; --line: #d9dee4;
  --accent: #0b5cab; --on-accent: #fff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6edf3; --quiet: #9aa7b4; --paper: #0e141b; --card: #18212b; --line: #2c3844;
    --accent: #78b8ff; --on-accent: #0e141b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; padding: 1.25rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  display: flex; flex-direction: column; align-items: center;
}
main {
  width: 100%; max-width: 34rem; margin-block: 12vh auto; padding: 2rem;
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem; overflow-wrap: anywhere;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; text-wrap: balance; word-break: auto-phrase; }
p { margin: 0 0 1rem; }
.name { color: var(--quiet); font-weight: 600; margin-bottom: .5rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
.actions form { margin: 0; }
.button {
  display: inline-block; padding: .55rem 1.1rem; border: 1px solid var(--line); border-radius: .5rem;
  background: transparent; color: var(--accent); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer;
}
.button:hover { border-color: currentColor; }
.button.first { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.button.first:hover { filter: brightness(1.1); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
footer { margin-top: 2rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .875rem; }
footer p { margin: 0 0 .25rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; margin: 0; }
dd { margin: 0; }
code { font: .95em/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.explanation { margin-top: 1.5rem; padding: .75rem 1rem; border-inline-start: 3px solid var(--accent); background: var(--paper); font-size: .9375rem; }
.explanation p { margin: 0 0 .5rem; }
.explanation p:last-child { margin: 0; }
@media (max-width: 30rem) {
  main { margin-top: 1rem; padding: 1.5rem 1.25rem; }
  .button { width: 100%; text-align: center; }
  .actions > *, .actions form { width: 100%; }
  dl { grid-template-columns: 1fr; }
  dt:not(:first-child) { margin-top: .5rem; }
}
@media (forced-colors: active) { .button { border-color: currentColor; } }
`
