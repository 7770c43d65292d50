import { randomUUID } from 'node:crypto'
import { clientId, type TestProvider } from '../../session/support/provider.ts'

interface IdToken {
  readonly sub: string
  readonly sid: string
  readonly exp: number
  readonly iat: number
  readonly acr?: string
  readonly auth_time?: number
}

/** Lets the provider issue access tokens like Keycloak, until it is reset. */
export function giveAccessTokens(provider: TestProvider, roles: () => readonly string[] = () => []): void {
  provider.onToken = async (answer) => {
    const idToken = answer.body['id_token']
    if (typeof idToken !== 'string') return answer
    const [, payload = ''] = idToken.split('.')
    const { sub, sid, exp, iat, acr, auth_time } = JSON.parse(
      Buffer.from(payload, 'base64url').toString(),
    ) as IdToken
    const claims = {
      iss: provider.issuer,
      aud: clientId,
      typ: 'Bearer',
      preferred_username: sub,
      sub,
      sid,
      iat,
      acr,
      auth_time,
      exp: Math.min(exp, iat + provider.lifetime),
      jti: randomUUID(),
      realm_access: { roles: roles() },
    }
    const token = await provider.sign(claims, { typ: 'JWT' })
    return { ...answer, body: { ...answer.body, access_token: token } }
  }
}
