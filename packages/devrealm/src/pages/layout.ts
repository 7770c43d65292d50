import type { FastifyReply } from 'fastify'
import type { Realm } from '../model/index.ts'
import { Html, html } from './html.ts'

/** Sends a page of the realm with Keycloak's headers: no framing by other sites, no caching. */
export function sendPage(
  reply: FastifyReply,
  info: Readonly<Realm>,
  page: { status?: number; title: string; body: Html },
): FastifyReply {
  const name = info.displayName || info.realm
  return reply
    .code(page.status ?? 200)
    .header('content-language', 'en')
    .type('text/html;charset=utf-8')
    .send(
      html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<title>Sign in to ${name}</title>
<style>${style}</style>
</head>
<body>
<main>
<header id="kc-header"><div id="kc-header-wrapper">${name}</div></header>
<h1 id="kc-page-title">${page.title}</h1>
<div id="kc-content">
${page.body}
</div>
</main>
<footer>Embedded realm: not for production</footer>
</body>
</html>
`.text,
    )
}

/** An error page with Keycloak's message. */
export function sendErrorPage(
  reply: FastifyReply,
  info: Readonly<Realm>,
  status: number,
  message: string,
): FastifyReply {
  const body = html`<div id="kc-error-message">
<p class="instruction">${message}</p>
</div>`
  return sendPage(reply, info, { status, title: 'We are sorry...', body })
}

/** A message above a form. */
export function alert(text: string | undefined): Html | undefined {
  return text === undefined
    ? undefined
    : html`<p class="alert"><span class="kc-feedback-text">${text}</span></p>`
}

/** A field's error, with Keycloak's ids. */
export function fieldError(field: string, text: string | undefined): Html {
  return html`<div id="input-error-container-${field}">${
    text === undefined
      ? undefined
      : html`<div id="input-error-${field}" class="error" aria-live="polite"><span class="kc-feedback-text">${text}</span></div>`
  }</div>`
}

/** A labelled input with its error. */
export function field(input: {
  id: string
  label: string
  type?: 'text' | 'password' | 'email'
  value?: string | undefined
  autocomplete?: string
  autofocus?: boolean
  numeric?: boolean
  error?: string | undefined
}): Html {
  return html`<div class="field">
<label for="${input.id}">${input.label}</label>
<input id="${input.id}" name="${input.id}" value="${input.value ?? ''}" type="${input.type ?? 'text'}" autocomplete="${input.autocomplete ?? 'off'}"${
    input.autofocus ? html` autofocus` : undefined
  }${input.numeric ? html` inputmode="numeric"` : undefined} aria-invalid="${input.error === undefined ? '' : 'true'}"/>
${fieldError(input.id, input.error)}
</div>`
}

export const style: Html = new Html(`
:root { --ink: #16202c; --quiet: #5b6776; --paper: #fff; --wall: #eef1f5; --line: #c9d1db; --accent: #0b5cad; --error: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --quiet: #9aa7b6; --paper: #1b232d; --wall: #10161d; --line: #3a4654; --accent: #5aa7f0; --error: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1rem; padding: 1rem; background: var(--wall); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 26rem; background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; padding: 2rem; overflow-wrap: anywhere }
main.wide { max-width: 44rem }
#kc-header { color: var(--quiet); font-size: .9rem }
h1 { font-size: 1.4rem; line-height: 1.25; margin: .25rem 0 1.25rem }
h2 { font-size: 1rem; margin: 1.5rem 0 .5rem }
label { display: block; font-weight: 600; font-size: .9rem; margin-bottom: .25rem }
.field { margin-bottom: 1rem }
input:not([type=checkbox]):not([type=submit]) { width: 100%; padding: .6rem .7rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .4rem }
input[aria-invalid=true] { border-color: var(--error) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
button, input[type=submit] { width: 100%; padding: .65rem; font: inherit; font-weight: 600; color: var(--paper); background: var(--accent); border: 0; border-radius: .4rem; cursor: pointer }
.error, .alert { color: var(--error); font-size: .9rem; margin: .25rem 0 }
.alert { border: 1px solid currentColor; border-radius: .4rem; padding: .5rem .7rem; margin-bottom: 1rem }
a { color: var(--accent) }
code, pre { font: .85rem/1.6 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }
footer { color: var(--quiet); font-size: .8rem }
`)
