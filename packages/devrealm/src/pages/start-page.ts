import type { FastifyReply } from 'fastify'
import type { RealmStore } from '../store/index.ts'
import { html } from './html.ts'
import { style } from './layout.ts'

/** The start page at `/`, with links to each realm's endpoints. */
export function sendStartPage(
  reply: FastifyReply,
  realms: readonly RealmStore[],
  base: string,
): FastifyReply {
  const rows = realms.map(({ info }) => {
    const issuer = `${base}/realms/${encodeURIComponent(info.realm)}`
    return html`<h2>${info.realm}</h2>
<ul>
<li>Issuer: <code>${issuer}</code></li>
<li><a href="${issuer}/.well-known/openid-configuration">OpenID Connect discovery</a></li>
<li><a href="${issuer}/protocol/openid-connect/certs">JWKS</a></li>
</ul>`
  })
  return reply.type('text/html;charset=utf-8').send(
    html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Embedded realm</title>
<style>${style}</style>
</head>
<body>
<main class="wide">
<h1>Embedded realm</h1>
<p>This is an embedded, Keycloak-compatible identity provider for laptops and tests. It offers OpenID Connect and the Admin REST API
without Java or Docker. It is not for production: there, connect the same application to the real Keycloak.</p>
${rows}
<h2>Admin REST API</h2>
<p><code>${base}/admin/realms</code> with a token of the realm <code>master</code>:</p>
<pre>curl -d grant_type=password -d client_id=admin-cli -d username=admin --data-urlencode password@- \\
  ${base}/realms/master/protocol/openid-connect/token</pre>
</main>
</body>
</html>
`.text,
  )
}
