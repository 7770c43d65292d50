import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { makeKey } from '../../support/issuer.ts'

/** The next response of the token endpoint. */
export interface TokenAnswer {
  status: number
  body: Record<string, unknown>
}

/**
 * A provider that can fail on demand, which no real one can. It has no login page;
 * every login is of {@link TestProvider.user}. Everything else is tested on the embedded realm.
 */
export interface TestProvider {
  readonly issuer: string
  /** The user of the next login. */
  user: string
  /** Its clock: milliseconds since the epoch. */
  now: () => number
  /** The authentication context classes that a login can reach. */
  levels: readonly string[]
  /** Lifetime of access tokens in seconds. */
  lifetime: number
  /** `discovery`: no document; `all`: the connection breaks. */
  down: 'discovery' | 'all' | undefined
  /** The requests to the token endpoint, in order. */
  readonly grants: { readonly form: URLSearchParams; readonly headers: IncomingMessage['headers'] }[]
  /** The requests to the revocation endpoint, in order. */
  readonly revoked: URLSearchParams[]
  /** The requests of services, not of browsers, to the logout endpoint, in order. */
  readonly loggedOut: URLSearchParams[]
  /** Changes the response to a login. */
  onLogin: (answer: URLSearchParams) => void
  /** Changes the claims of an ID token. */
  onIdToken: (claims: JWTPayload) => void
  /** Changes a response of the token endpoint; `undefined` breaks the connection. */
  onToken: (answer: TokenAnswer, form: URLSearchParams) => Promise<TokenAnswer | undefined> | TokenAnswer
  /** Signs any claims with the provider's key. */
  sign(claims: JWTPayload, header?: Record<string, string>): Promise<string>
  /** Replaces the provider's key by one with another ID. */
  rotate(): Promise<void>
  reset(): void
  close(): Promise<void>
}

export const clientId = 'app'
/** Each of its characters must be encoded in HTTP Basic (RFC 6749 section 2.3.1). */
export const clientSecret = 's3cr:et/+&% é'

export async function startProvider(): Promise<TestProvider> {
  let kid = 'k'
  let { privateKey, publicKey } = makeKey(kid)
  const codes = new Map<string, { login: URLSearchParams; user: string; sid: string }>()
  const logins = new Map<string, Pick<JWTPayload, 'acr' | 'auth_time'>>()
  const server = createServer((request, response) => {
    void answer(request).then((result) => {
      if (result === undefined) return request.socket.destroy()
      const { status, headers, body } = result
      return response.writeHead(status, headers).end(body)
    })
  })
  // On a slow machine, a request could meet a connection that the server closes as idle.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/test`

  /** The claims of a login, which a refresh keeps. */
  const authenticate = (login: URLSearchParams): Pick<JWTPayload, 'acr' | 'auth_time'> => {
    const asked = login.get('acr_values')?.split(' ') ?? []
    const acr = asked.find((one) => provider.levels.includes(one)) ?? '1'
    return { acr, auth_time: Math.floor(provider.now() / 1000) }
  }
  const idToken = async (user: string, sid: string, nonce: string | null): Promise<string> => {
    const claims: JWTPayload = {
      sid,
      azp: clientId,
      ...(nonce === null ? {} : { nonce }),
      ...logins.get(sid),
    }
    Object.assign(claims, { iss: issuer, sub: `sub-${user}`, aud: clientId })
    claims.iat = Math.floor(provider.now() / 1000)
    claims.exp = claims.iat + 300
    provider.onIdToken(claims)
    return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
  }

  const token = async (form: URLSearchParams): Promise<TokenAnswer> => {
    const refused = (error: string): TokenAnswer => ({ status: 400, body: { error } })
    let user: string
    let sid: string
    let nonce: string | null = null
    if (form.get('grant_type') === 'authorization_code') {
      const code = codes.get(form.get('code') ?? '')
      codes.delete(form.get('code') ?? '')
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url')
      if (code?.login.get('code_challenge') !== challenge) return refused('invalid_grant')
      if (code.login.get('redirect_uri') !== form.get('redirect_uri')) return refused('invalid_grant')
      ;({ user, sid } = code)
      logins.set(sid, authenticate(code.login))
      nonce = code.login.get('nonce')
    } else {
      ;[, user = '', sid = ''] = (form.get('refresh_token') ?? '').split('~')
      if (user === '') return refused('invalid_grant')
    }
    const body = {
      access_token: `access~${user}~${randomUUID()}`,
      token_type: 'Bearer',
      expires_in: provider.lifetime,
      refresh_token: `refresh~${user}~${sid}~${randomUUID()}`,
      id_token: await idToken(user, sid, nonce),
    }
    return { status: 200, body }
  }

  const answer = async (
    request: IncomingMessage,
  ): Promise<{ status: number; headers: Record<string, string>; body?: string } | undefined> => {
    const json = (status: number, body: unknown) => ({
      status,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const url = new URL(request.url ?? '', issuer)
    const path = url.pathname.slice('/realms/test'.length)
    if (provider.down === 'all') return undefined
    if (path === '/.well-known/openid-configuration')
      return provider.down === 'discovery' ? json(500, {}) : json(200, document)
    if (path === '/certs')
      return json(200, { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] })
    if (path === '/auth') {
      const code = randomUUID()
      const sid = `sid-${provider.user}`
      codes.set(code, { login: url.searchParams, user: provider.user, sid })
      const parameters = { state: url.searchParams.get('state') ?? '', session_state: sid, iss: issuer, code }
      const result = new URLSearchParams(parameters)
      provider.onLogin(result)
      return {
        status: 302,
        headers: { location: `${url.searchParams.get('redirect_uri')}?${result.toString()}` },
      }
    }
    if (path === '/logout' && request.method === 'POST') {
      provider.loggedOut.push(await formOf(request))
      return { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Logged out' }
    }
    if (path === '/revoke') {
      const form = await formOf(request)
      provider.revoked.push(form)
      return json(isClient(request, form) ? 200 : 401, {})
    }
    if (path === '/token') {
      const form = await formOf(request)
      provider.grants.push({ form, headers: request.headers })
      const result = await provider.onToken(
        isClient(request, form) ? await token(form) : { status: 401, body: { error: 'invalid_client' } },
        form,
      )
      return result && json(result.status, result.body)
    }
    return json(404, {})
  }

  const document = {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/certs`,
    end_session_endpoint: `${issuer}/logout`,
    authorization_response_iss_parameter_supported: true,
    id_token_signing_alg_values_supported: ['RS256'],
  }
  const defaults = {
    user: 'alice',
    levels: [] as readonly string[],
    now: () => Date.now(),
    lifetime: 300,
    down: undefined,
    onLogin: () => {},
    onIdToken: () => {},
    onToken: (result: TokenAnswer) => result,
  }
  const provider: TestProvider = {
    ...defaults,
    issuer,
    grants: [],
    revoked: [],
    loggedOut: [],
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(privateKey),
    async rotate() {
      kid += 'k'
      ;({ privateKey, publicKey } = makeKey(kid))
    },
    reset() {
      Object.assign(provider, defaults)
      provider.grants.length = 0
      provider.revoked.length = 0
      provider.loggedOut.length = 0
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return provider
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

function isClient(request: IncomingMessage, form: URLSearchParams): boolean {
  const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
  const basic = Buffer.from(request.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString()
  const colon = basic.indexOf(':')
  const id = form.get('client_id') ?? decode(basic.slice(0, colon))
  const secret = form.get('client_secret') ?? decode(basic.slice(colon + 1))
  return id === clientId && secret === clientSecret
}
