// Pages that keycloak-js loads in hidden frames. They answer by postMessage, with Keycloak's words, names and addresses.

/** Asks the browser whether this frame may use cookies; an old browser has no such question. */
const mayUseCookies = `async function mayUseCookies() {
  if (!document.hasStorageAccess) return true
  if (await document.hasStorageAccess()) return true
  return document.requestStorageAccess().then(() => true, () => false)
}`

const page = (script: string): string => `<!doctype html>
<html>
<head><meta charset="utf-8"></head>
<body>
<script type="module">
${script}
</script>
</body>
</html>
`

/** Sets test cookies; the next page tells whether the browser kept them. */
export const thirdPartyCookiesSet: string = page(`${mayUseCookies}
if (await mayUseCookies()) {
  document.cookie = 'KEYCLOAK_3P_COOKIE_SAMESITE=supported; Max-Age=60; SameSite=None; Secure'
  document.cookie = 'KEYCLOAK_3P_COOKIE=supported; Max-Age=60'
  location.replace('step2.html')
} else {
  parent.postMessage('unsupported', '*')
}`)

/** Says `supported` if the test cookies are there, and removes them. */
export const thirdPartyCookiesRead: string = page(`const kept = document.cookie.includes('KEYCLOAK_3P_COOKIE')
for (const name of ['KEYCLOAK_3P_COOKIE_SAMESITE', 'KEYCLOAK_3P_COOKIE']) document.cookie = name + '=; Max-Age=0'
parent.postMessage(kept ? 'supported' : 'unsupported', '*')`)

/**
 * The OP iframe of OpenID Connect Session Management 1.0: answers `{client id} {session state}` with `unchanged`, `changed`
 * or `error`. The cookie KEYCLOAK_SESSION has the hash of the session; the server says once whether the client may ask.
 */
export const sessionStatus: string = page(`${mayUseCookies}
let allowed

async function mayAsk(clientId, origin) {
  if (allowed === undefined) {
    const query = new URLSearchParams({ client_id: clientId, origin })
    allowed = fetch(location.origin + location.pathname + '/init?' + query).then(
      ({ ok }) => (ok ? { clientId, origin } : null),
      () => null,
    )
  }
  const client = await allowed
  return client !== null && client.clientId === clientId && client.origin === origin
}

function sessionHash() {
  const cookie = document.cookie.split(';').find((each) => each.trim().startsWith('KEYCLOAK_SESSION='))
  return cookie?.slice(cookie.indexOf('=') + 1).trim().replaceAll('"', '')
}

async function hashOf(sessionState) {
  const digest = await crypto.subtle.digest('SHA-384', new TextEncoder().encode(sessionState))
  const text = btoa(String.fromCharCode(...new Uint8Array(digest)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

async function status(clientId, origin, sessionState) {
  if (!(await mayUseCookies()) || !(await mayAsk(clientId, origin))) return 'error'
  const hash = sessionHash()
  if (!hash) return sessionState === '' ? 'unchanged' : 'changed'
  return hash === (await hashOf(sessionState)) ? 'unchanged' : 'changed'
}

addEventListener('message', async ({ data, origin, source }) => {
  const [clientId, sessionState, ...more] = typeof data === 'string' ? data.split(' ') : []
  if (sessionState === undefined || more.length > 0) return
  source.postMessage(await status(clientId, origin, sessionState), origin)
})`)
