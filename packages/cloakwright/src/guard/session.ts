import { CloakwrightError } from '../errors.ts'
import type { Session, SessionEngine } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'
import type { Judge } from './authenticator.ts'
import type { GuardedRequest } from './request/index.ts'

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
  judge: Judge,
  sessions: SessionEngine,
  request: GuardedRequest,
  isUse: boolean,
): Promise<{ readonly user: AccessToken | undefined; readonly session: Session } | undefined> {
  if (request.fields('cookie').length === 0) return undefined
  const session = await judge.session(request, sessions, isUse)
  if (session === undefined) return undefined
  try {
    return { user: await judge.verifySession(request, session.accessToken), session }
  } catch (error) {
    const code = error instanceof CloakwrightError ? error.code : undefined
    if (code === undefined || !orphaned.has(code)) throw error
    return { user: undefined, session }
  }
}
