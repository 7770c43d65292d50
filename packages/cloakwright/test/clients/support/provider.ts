import { randomUUID } from 'node:crypto'
import type { TestProvider } from '../../session/support/provider.ts'

/** Lets the provider issue tokens for a service and by exchange, for the audience `stock`. */
export function issueTokens(provider: TestProvider): void {
  provider.onToken = async (answer, form) => {
    const grant = form.get('grant_type') ?? ''
    if (answer.status === 401 || (grant !== 'client_credentials' && !grant.endsWith('token-exchange')))
      return answer
    const now = Math.floor(provider.now() / 1000)
    const claims = {
      iss: provider.issuer,
      aud: 'stock',
      jti: randomUUID(),
      iat: now,
      exp: now + provider.lifetime,
    }
    return {
      status: 200,
      body: {
        access_token: await provider.sign(claims),
        token_type: 'Bearer',
        expires_in: provider.lifetime,
        ...(grant === 'client_credentials'
          ? {}
          : { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }),
      },
    }
  }
}

/** A user's token as the provider signs it, for the audience `app`. */
export async function userToken(
  provider: TestProvider,
  claims: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(provider.now() / 1000)
  return await provider.sign({
    iss: provider.issuer,
    aud: 'app',
    azp: 'web',
    typ: 'Bearer',
    sub: 'sub-alice',
    sid: 'sid-alice',
    jti: randomUUID(),
    iat: now,
    exp: now + 300,
    ...claims,
  })
}
