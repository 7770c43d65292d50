import type { FastifyReply } from 'fastify'
import type { ResponseMode } from '../context/index.ts'
import { escapeHtml } from '../pages/index.ts'
import { javaOrder } from '../text/index.ts'

/** Sends the result of an authorization request to the client, in the requested response mode. */
export function sendToClient(
  reply: FastifyReply,
  redirectUri: string,
  mode: ResponseMode,
  parameters: Record<string, string | undefined>,
): FastifyReply {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  if (mode === 'form_post') return sendForm(reply, redirectUri, given)
  return reply
    .code(302)
    .header('location', addParameters(redirectUri, mode, given))
    .send()
}

/** The URL with parameters in its query (before its own fragment) or as its fragment. */
export function addParameters(
  uri: string,
  mode: 'query' | 'fragment',
  parameters: [string, string][],
): string {
  const encoded = new URLSearchParams(parameters).toString()
  const ascii = uri.replace(/[^\0-\x7f]+/g, encodeURIComponent)
  if (encoded === '') return ascii
  const hash = ascii.indexOf('#')
  const address = hash === -1 ? ascii : ascii.slice(0, hash)
  if (mode === 'fragment') return `${address}#${encoded}`
  return `${address}${address.includes('?') ? '&' : '?'}${encoded}${hash === -1 ? '' : ascii.slice(hash)}`
}

/** OAuth 2.0 Form Post Response Mode, with Keycloak's page. */
function sendForm(reply: FastifyReply, redirectUri: string, parameters: [string, string][]): FastifyReply {
  const values = new Map(parameters)
  const inputs = javaOrder([...values.keys()])
    .map((name) => `  <INPUT TYPE="HIDDEN" NAME="${name}" VALUE="${escapeHtml(values.get(name) ?? '')}" />`)
    .join('')
  return reply
    .type('text/html')
    .send(
      `<HTML>  <HEAD>    <TITLE>OIDC Form_Post Response</TITLE>  </HEAD>  <BODY Onload="document.forms[0].submit()">` +
        `    <FORM METHOD="POST" ACTION="${escapeHtml(redirectUri)}">${inputs}` +
        '      <NOSCRIPT>        <P>JavaScript is disabled. We strongly recommend to enable it. Click the button below to continue .</P>' +
        '        <INPUT name="continue" TYPE="SUBMIT" VALUE="CONTINUE" />      </NOSCRIPT>    </FORM>  </BODY></HTML>',
    )
}
