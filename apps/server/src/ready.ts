import { relative } from 'node:path'
import type { Config } from './config/index.ts'

/** The message when the server is ready: start-up time, URLs to open, commands to try. Never a secret's value. */
export function readyText(config: Config, milliseconds: number): string {
  const { exposed, keycloak, publicUrl, port } = config
  const local = `http://localhost:${port}`
  const demo = config.production ? '' : '   sign in as alice / alice or bob / bob'
  const api = exposed.includes('docs') ? `\n  API       ${publicUrl}/docs` : ''
  const kind = keycloak.embedded ? 'embedded; administrator admin / admin' : 'external'
  return `
  Cloakwright is ready in ${Math.round(milliseconds)} ms

  Page      ${publicUrl}${demo}${api}
  Keycloak  ${keycloak.server}/   (${kind}; realm ${keycloak.realm})

  Try it:

  TOKEN=$(curl -s ${keycloak.issuer}/protocol/openid-connect/token \\
    -d grant_type=password -d client_id=${keycloak.clientId} --data-urlencode "client_secret=${secretOf(config)}" \\
    -d username=alice -d password=alice | node -p 'JSON.parse(fs.readFileSync(0)).access_token')
  curl -H "Authorization: Bearer $TOKEN" ${local}/secure-data

  Stop with Ctrl+C.
`
}

/** The secret as a shell expression. */
function secretOf({ clientSecretFile }: Config): string {
  if (clientSecretFile === undefined) return '$KEYCLOAK_CLIENT_SECRET'
  const near = relative(process.cwd(), clientSecretFile)
  return `$(cat '${near.startsWith('..') ? clientSecretFile : near}')`
}
