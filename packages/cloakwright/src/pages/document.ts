import { type Html, html } from './html.ts'
import type { Page, PageAction, PageKind } from './types.ts'

/** Languages that are written from right to left. */
const rightToLeft = /^(?:ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/i

/** The HTML of a page. `style` is trusted. */
export function toDocument(page: Page, style: Html): string {
  const { language, name, title, text, actions, details, explanation } = page
  const document = html`<!doctype html>
<html lang="${language}" dir="${rightToLeft.test(language) ? 'rtl' : 'ltr'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${name === undefined ? title : `${title} · ${name}`}</title>
<style>${style}</style>
</head>
<body>
<main>
${name === undefined ? [] : html`<p class="name">${name}</p>\n`}<h1>${title}</h1>
<p>${text}</p>
<div class="actions">${actions.map((action, position) => toButton(page, action, position))}</div>
${explanation.length === 0 ? [] : toExplanation(explanation)}${details.length === 0 ? [] : toFooter(page)}</main>
</body>
</html>
`
  return document.text
}

function toButton(
  { kind }: Page,
  { label, url, method, fields, enctype }: PageAction,
  position: number,
): Html {
  const looks = position === 0 ? 'button first' : 'button'
  if (method === 'get') return html`<a class="${looks}" href="${url}">${label}</a>`
  const inputs = (fields ?? []).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  const type = enctype === undefined ? [] : html` enctype="${enctype}"`
  return html`<form method="post" action="${url}"${type}>${inputs}<button id="${idOf[kind] ?? ''}" class="${looks}" type="submit">${label}</button></form>`
}

const idOf: Partial<Record<PageKind, string>> = { signOut: 'sign-out', sendForm: 'send-form' }

function toExplanation(lines: readonly string[]): Html {
  return html`<div class="explanation" lang="en" dir="ltr">${lines.map((line) => html`<p>${line}</p>`)}</div>
`
}

function toFooter({ help, details }: Page): Html {
  const rows = details.map(({ label, value }) => html`<dt>${label}</dt><dd><code>${value}</code></dd>`)
  return html`<footer><p>${help}</p><dl>${rows}</dl></footer>
`
}
