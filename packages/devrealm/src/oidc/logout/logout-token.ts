import { randomUUID } from 'node:crypto'
import { type Claims, signPublic } from '../../crypto/index.ts'
import type { Client } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'

/** The end of one client session. */
export interface LogoutNotice {
  readonly realm: RealmStore
  readonly client: Readonly<Client>
  /** Where the client takes logout tokens: an absolute URL if it is valid. */
  readonly url: string
  /** The issuer of the tokens in this session. */
  readonly issuer: string
  readonly userId: string
  readonly sessionId: string
}

const lifespanS = 120
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** The signed logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4), in Keycloak's order. `now` in seconds. */
export function logoutToken(notice: LogoutNotice, now: number): Promise<string> {
  const { realm, client, issuer, userId, sessionId } = notice
  const isSet = (name: string): boolean =>
    client.attributes[`backchannel.logout.${name}`]?.toLowerCase() === 'true'
  const claims: Claims = {
    exp: now + lifespanS,
    iat: now,
    jti: randomUUID(),
    iss: issuer,
    aud: client.clientId,
    sub: userId,
    typ: 'Logout',
    ...(isSet('session.required') ? { sid: sessionId } : {}),
    // The client drops its offline tokens itself: Keycloak does not revoke them.
    events: { [logoutEvent]: {}, ...(isSet('revoke.offline.tokens') ? { revoke_offline_access: true } : {}) },
  }
  return signPublic(
    realm,
    claims,
    'logout+jwt',
    client.attributes['id.token.signed.response.alg'] || undefined,
  )
}
