/** The page's style sheet: readable at any width, in light and dark, with visible focus. */
export const style = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#16202c, #e6edf3);
  --quiet: light-dark(#55606d, #9aa7b4);
  --paper: light-dark(#f6f7f9, #0e141b);
  --card: light-dark(#ffffff, #18212b);
  --line: light-dark(#d9dee4, #2c3844);
  --accent: light-dark(#0b5cab, #78b8ff);
  --on-accent: light-dark(#ffffff, #0e141b);
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 3rem 1.25rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 44rem; margin: 0 auto; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
p { margin: 0 0 1rem; }
.lead { color: var(--quiet); margin-bottom: 2rem; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem 1.5rem; margin: 0 0 1rem;
}
section > :last-child { margin-bottom: 0; }
a { color: var(--accent); }
.button, button {
  display: inline-block; padding: .55rem 1.1rem; border: 0; border-radius: .5rem; cursor: pointer;
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; text-decoration: none;
}
button.quiet { background: transparent; color: var(--accent); border: 1px solid var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 0 0 1.25rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.role { display: inline-block; padding: 0 .6rem; margin: 0 .25rem .25rem 0; border: 1px solid var(--line); border-radius: 1rem; }
ul { margin: 0; padding: 0; list-style: none; }
li { padding: .4rem 0; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.note { color: var(--quiet); }
`
