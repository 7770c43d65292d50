import { CloakwrightError } from '../errors.ts'
import type { SessionEngine, SessionRequest } from '../session/types.ts'
import type { AccessToken, Verifier } from '../token/index.ts'
import type { GuardedRequest } from './types.ts'

/** What only a new login mends: the realm's keys were replaced since the last one, or its tokens were revoked. */
const orphaned: ReadonlySet<string> = new Set([
  'CW_TOKEN_KEY_UNKNOWN',
  'CW_TOKEN_SIGNATURE',
  'CW_TOKEN_REVOKED',
])

/**
 * The user of the request's session; nobody where only a new login helps. Any other refusal (audience, issuer, clock) a
 * new login would meet again, in endless redirects.
 */
export async function fromSession(
  verifier: Verifier,
  sessions: SessionEngine,
  request: GuardedRequest,
): Promise<{ readonly user: AccessToken | undefined; readonly text: string } | undefined> {
  if (request.fields('cookie').length === 0) return undefined
  const session = await sessions.authenticate(toSessionRequest(request))
  if (session === undefined) return undefined
  const text = session.accessToken
  try {
    return { user: await verifier.verify(text), text }
  } catch (error) {
    const code = error instanceof CloakwrightError ? error.code : undefined
    if (code === undefined || !orphaned.has(code)) throw error
    return { user: undefined, text }
  }
}

/** The request as the session engine reads it. Host and target come from the client: what makes no address gets one that is nobody's. */
export function toSessionRequest(request: GuardedRequest): SessionRequest {
  const target = request.target.startsWith('/') ? request.target : '/'
  const address = request.origin() + target
  return {
    method: request.method,
    url: URL.canParse(address) ? address : `http://host.invalid${target}`,
    headers: {
      get(name) {
        const fields = request.fields(name.toLowerCase())
        return fields.length === 0 ? null : fields.join(', ')
      },
    },
  }
}
