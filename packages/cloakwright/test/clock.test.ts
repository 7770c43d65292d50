import { createDevRealm } from '@cloakwright/devrealm'
import { createVerifier, maxAge, type VerifierOptions } from 'cloakwright'
import { cloakwright } from 'cloakwright/web'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeProofKey, signProof } from './proof/support/proofs.ts'
import { startProvider, type TestProvider } from './session/support/provider.ts'
import { setup } from './session/support/setup.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from './support/issuer.ts'
import { codeOf } from './support/refusal.ts'

const key = makeKey('one', 'ES256')
const proofKey = await makeProofKey()
const hour = 3_600_000
const publicUrl = 'https://api.example.com'
const policies = { '/user': undefined, '/recent': maxAge(300) }

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
})
afterAll(() => issuer.close())

/** A service whose verifier has these options: its response to a token whose claims are as of `now`. */
function service(options: Partial<VerifierOptions> = {}) {
  const dpop = { publicUrl, nonceKeys: [Buffer.alloc(32, 1)] }
  const verifier = createVerifier({
    issuer: issuer.issuer,
    audience: 'shop-api',
    dpop,
    ...options,
  } as VerifierOptions)
  const guard = cloakwright({ verifier })
  const call = async (path: keyof typeof policies, headers: Record<string, string>): Promise<Response> =>
    guard(() => new Response('in'), policies[path])(new Request(publicUrl + path, { headers }))
  const codeFrom = async (response: Response): Promise<unknown> =>
    response.status === 200 ? 'in' : ((await response.json()) as { code: unknown }).code
  return {
    verifier,
    async bearer(claims: Record<string, unknown>, path: keyof typeof policies = '/user') {
      const token = await signClaims(key, claimsOf(issuer.issuer, claims))
      return codeFrom(await call(path, { authorization: `Bearer ${token}` }))
    },
    /** The response to a proof made at `iat`, with the nonce that the service issued before. */
    async proof(claims: Record<string, unknown>, iat: number) {
      const cnf = { jkt: proofKey.jkt }
      const token = await signClaims(key, claimsOf(issuer.issuer, { typ: 'DPoP', cnf, ...claims }))
      const headers = async (nonce?: string) => ({
        authorization: `DPoP ${token}`,
        dpop: await signProof(
          proofKey,
          { method: 'GET', uri: `${publicUrl}/user`, accessToken: token },
          { claims: { iat, nonce } },
        ),
      })
      const first = await call('/user', await headers())
      const nonce = first.headers.get('dpop-nonce')
      return codeFrom(nonce === null ? first : await call('/user', await headers(nonce)))
    },
  }
}

/** Times of a token that is issued at `now` and valid for 5 minutes. */
const times = (now: number) => ({ iat: now, exp: now + 300, auth_time: now })

describe('fake timers that are installed after everything was created', () => {
  afterEach(() => {
    vi.useRealTimers()
  })
  const forward = (milliseconds: number): void => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds })
  }
  const inSeconds = (): number => Math.floor(Date.now() / 1000)

  test('move verifier, guard, policies and proofs', async () => {
    const { bearer, proof } = service()
    const before = times(inSeconds())
    expect(await bearer(before)).toBe('in')
    forward(hour)
    const now = inSeconds()
    expect(await bearer(before)).toBe('CW_TOKEN_EXPIRED')
    expect(await bearer(times(now))).toBe('in')
    expect(await bearer({ ...times(now), auth_time: now - 302 }, '/recent')).toBe('CW_STEP_UP_REQUIRED')
    expect(await bearer({ ...times(now), auth_time: now - 299 }, '/recent')).toBe('in')
    expect(await proof(times(now), before.iat)).toBe('CW_PROOF_INVALID')
    expect(await proof(times(now), now)).toBe('in')
  })

  test('end tokens and sessions of the embedded realm', async () => {
    const realm = await createDevRealm()
    await realm.importRealm({
      realm: 'shop',
      enabled: true,
      clients: [
        {
          clientId: 'web',
          publicClient: true,
          directAccessGrantsEnabled: true,
          protocolMappers: [
            {
              name: 'audience',
              protocol: 'openid-connect',
              protocolMapper: 'oidc-audience-mapper',
              config: { 'included.custom.audience': 'shop-api', 'access.token.claim': 'true' },
            },
          ],
        },
      ],
      users: [
        {
          username: 'alice',
          enabled: true,
          email: 'alice@example.com',
          firstName: 'Alice',
          lastName: 'Example',
          credentials: [{ type: 'password', value: 'alice' }],
        },
      ],
    })
    const server = await realm.listen()
    const verifier = createVerifier({ issuer: `${server}/realms/shop`, audience: 'shop-api' })
    const ask = async (fields: Record<string, string>) => {
      const body = new URLSearchParams({ client_id: 'web', ...fields })
      const response = await fetch(`${server}/realms/shop/protocol/openid-connect/token`, {
        method: 'POST',
        body,
      })
      return (await response.json()) as { access_token: string; refresh_token: string; error?: string }
    }
    const login = { grant_type: 'password', username: 'alice', password: 'alice' }
    try {
      const before = await ask(login)
      expect(await codeOf(() => verifier.verify(before.access_token))).toBe('accepted')
      forward(hour)
      expect(await codeOf(() => verifier.verify(before.access_token))).toBe('CW_TOKEN_EXPIRED')
      const refresh = { grant_type: 'refresh_token', refresh_token: before.refresh_token }
      expect(await ask(refresh)).toMatchObject({ error: 'invalid_grant' })
      const { access_token } = await ask(login)
      expect((await verifier.verify(access_token)).issuedAt).toBe(inSeconds())
    } finally {
      await realm.close()
    }
  })
})

test('an injected clock of the verifier reaches guard, policies and proofs', async () => {
  const ahead = Date.now() + 24 * hour
  const { bearer, proof } = service({ now: () => ahead })
  const now = Math.floor(ahead / 1000)
  expect(await bearer(times(Math.floor(Date.now() / 1000)))).toBe('CW_TOKEN_EXPIRED')
  expect(await bearer({ ...times(now), auth_time: now - 299 }, '/recent')).toBe('in')
  expect(await bearer({ ...times(now), auth_time: now - 302 }, '/recent')).toBe('CW_STEP_UP_REQUIRED')
  expect(await proof(times(now), now)).toBe('in')
  expect(await proof(times(now), Math.floor(Date.now() / 1000))).toBe('CW_PROOF_INVALID')
})

describe.each([
  ['5 seconds by default', undefined, 5],
  ['as set', 30, 30],
])('one tolerance, %s', (_name, clockTolerance, tolerance) => {
  const at = Date.now()
  const now = at / 1000
  const options = { now: () => at, clockTolerance }

  test.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    ['exp', { exp: now - tolerance + 1 }, { exp: now - tolerance }, 'CW_TOKEN_EXPIRED'],
    ['nbf', { nbf: now + tolerance }, { nbf: now + tolerance + 1 }, 'CW_TOKEN_NOT_YET_VALID'],
    ['iat', { iat: now + tolerance }, { iat: now + tolerance + 1 }, 'CW_TOKEN_NOT_YET_VALID'],
    ['auth_time', { auth_time: now + tolerance }, { auth_time: now + tolerance + 1 }, 'CW_STEP_UP_REQUIRED'],
  ])('of %s', async (_claim, within, beyond, code) => {
    const { bearer } = service(options)
    expect(await bearer({ ...times(now), ...within }, '/recent')).toBe('in')
    expect(await bearer({ ...times(now), ...beyond }, '/recent')).toBe(code)
  })

  test('for the iat of DPoP proofs', async () => {
    const { proof } = service(options)
    expect(await proof(times(now), now + tolerance)).toBe('in')
    expect(await proof(times(now), now + tolerance + 1)).toBe('CW_PROOF_INVALID')
    expect(await proof(times(now), now - 60 - tolerance)).toBe('in')
    expect(await proof(times(now), now - 60 - tolerance - 1)).toBe('CW_PROOF_INVALID')
  })

  describe('for ID tokens and logout tokens', () => {
    let provider: TestProvider
    beforeAll(async () => {
      provider = await startProvider()
    })
    afterAll(() => provider.close())
    // Whole seconds, like openid-client.
    const seconds = Math.floor(now)
    const whole = { now: () => seconds * 1000, clockTolerance }

    test.each([
      ['within', tolerance - 2, 200],
      ['beyond', tolerance + 2, 400],
    ])('an ID token that ended %s it', async (_where, ago, status) => {
      provider.onIdToken = (claims) => {
        claims.exp = seconds - ago
        claims.iat = seconds - 300
      }
      const browser = setup(provider, whole).newBrowser()
      expect((await browser.open('https://app.example.com/page')).status).toBe(status)
      provider.reset()
    })

    test.each([
      ['within', tolerance - 1, 200],
      ['beyond', tolerance + 1, 400],
    ])('a logout token that ended %s it', async (_where, ago, status) => {
      const { sessions } = setup(provider, whole)
      const token = await provider.sign(
        {
          iss: provider.issuer,
          aud: 'app',
          iat: seconds - 60,
          exp: seconds - ago,
          jti: `${ago}`,
          sid: 'sid-alice',
          events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        },
        { typ: 'logout+jwt' },
      )
      const body = new URLSearchParams({ logout_token: token })
      const address = 'https://app.example.com/auth/backchannel-logout'
      const response = await sessions.handle(new Request(address, { method: 'POST', body }))
      expect(response?.status).toBe(status)
    })
  })
})

test('a login is checked by the injected clock', async () => {
  const provider = await startProvider()
  const ahead = Date.now() + hour
  const options = { now: () => ahead }
  expect((await setup(provider, options).newBrowser().open('https://app.example.com/page')).status).toBe(400)
  provider.now = () => ahead
  expect((await setup(provider, options).newBrowser().open('https://app.example.com/page')).status).toBe(200)
  await provider.close()
})
