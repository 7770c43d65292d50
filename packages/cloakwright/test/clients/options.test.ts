import { generateKeyPairSync } from 'node:crypto'
import { type ApiClientOptions, createApiClient } from 'cloakwright/clients'
import { afterEach, describe, expect, test, vi } from 'vitest'

const good: ApiClientOptions = {
  issuer: 'https://id.example.com/realms/shop',
  clientId: 'shop',
  clientSecret: 'canary-secret',
  origin: 'https://stock.example.com',
  audience: 'stock',
}
afterEach(() => {
  vi.unstubAllEnvs()
})

describe('createApiClient refuses', () => {
  test.each<[string, object, string, RegExp]>([
    ['no issuer', { issuer: '' }, 'CW_CONFIG_MISSING', /^issuer/],
    ['an issuer that is no URL', { issuer: 'id.example.com/realms/r' }, 'CW_CONFIG_INVALID', /^issuer/],
    [
      'an issuer in plain http',
      { issuer: 'http://id.example.com/realms/r' },
      'CW_CONFIG_INSECURE',
      /^issuer/,
    ],
    ['an internal URL that is none', { internalUrl: 'keycloak:8080' }, 'CW_CONFIG_INVALID', /^internalUrl/],
    ['an internal URL of another type', { internalUrl: 1 }, 'CW_CONFIG_INVALID', /^internalUrl/],
    ['no client', { clientId: undefined }, 'CW_CONFIG_MISSING', /^clientId/],
    ['a client of another type', { clientId: 7 }, 'CW_CONFIG_INVALID', /^clientId/],
    ['no secret', { clientSecret: undefined }, 'CW_CONFIG_MISSING', /^clientSecret/],
    ['an empty secret', { clientSecret: '' }, 'CW_CONFIG_MISSING', /^clientSecret/],
    ['a secret and a key', { clientKey: 'canary' }, 'CW_CONFIG_INVALID', /^clientKey/],
    [
      'a public key',
      { clientSecret: undefined, clientKey: generateKeyPairSync('ed25519').publicKey },
      'CW_CONFIG_INVALID',
      /^clientKey: not a private key/,
    ],
    [
      'another authentication',
      { clientAuthentication: 'none' },
      'CW_CONFIG_INVALID',
      /^clientAuthentication/,
    ],
    ['no origin', { origin: '' }, 'CW_CONFIG_MISSING', /^origin/],
    ['an origin without a scheme', { origin: 'stock.example.com' }, 'CW_CONFIG_INVALID', /^origin/],
    [
      'an origin with a path',
      { origin: 'https://stock.example.com/v1' },
      'CW_CONFIG_INVALID',
      /^origin: has a path/,
    ],
    [
      'an origin with credentials',
      { origin: 'https://a:canary@stock.example.com' },
      'CW_CONFIG_INVALID',
      /^origin/,
    ],
    ['an origin of another type', { origin: 1 }, 'CW_CONFIG_INVALID', /^origin/],
    ['an origin in plain http', { origin: 'http://stock.example.com' }, 'CW_CONFIG_INSECURE', /^origin/],
    ['an origin of another scheme', { origin: 'ftp://stock.example.com' }, 'CW_CONFIG_INVALID', /^origin/],
    ['no audience', { audience: '' }, 'CW_CONFIG_MISSING', /^audience/],
    ['several audiences', { audience: ['stock'] }, 'CW_CONFIG_INVALID', /^audience/],
    ['an empty scope', { scope: '' }, 'CW_CONFIG_INVALID', /^scope/],
    ['a scope with a quote', { scope: 'a"b' }, 'CW_CONFIG_INVALID', /^scope/],
    ['a list of scopes', { scope: ['read'] }, 'CW_CONFIG_INVALID', /^scope/],
    ['a timeout of 0', { timeout: 0 }, 'CW_CONFIG_INVALID', /^timeout/],
    ['a fetch that is none', { fetch: 'fetch' }, 'CW_CONFIG_INVALID', /^fetch/],
    ['a clock that is none', { now: 1 }, 'CW_CONFIG_INVALID', /^now/],
    [
      'http allowed by a string',
      { dangerouslyAllowHttp: 'no' },
      'CW_CONFIG_INVALID',
      /^dangerouslyAllowHttp/,
    ],
  ])('%s', (_name, change, code, message) => {
    let failure: unknown
    try {
      createApiClient({ ...good, ...change } as ApiClientOptions)
    } catch (error) {
      failure = error
    }
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as unknown })
    const { message: why, hint } = failure as { message: string; hint: string }
    expect(`${why} ${hint}`).not.toContain('canary')
    expect(hint).toBeTruthy()
  })

  test.each([undefined, null, 'x', []])('%j in place of the options', (options) => {
    expect(() => createApiClient(options as never)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^CW_CONFIG_/) as unknown }) as Error,
    )
  })

  test('plain http beyond loopback in production, even if configured', () => {
    const options = { ...good, origin: 'http://stock:8080', dangerouslyAllowHttp: true }
    expect(createApiClient(options)).toBeDefined()
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => createApiClient(options)).toThrow(
      expect.objectContaining({ code: 'CW_CONFIG_INSECURE' }) as Error,
    )
  })
})

test('plain http on loopback is accepted', () => {
  expect(createApiClient({ ...good, origin: 'http://localhost:4000' })).toBeDefined()
})

test('during next build, missing values are reported by the first call', async () => {
  vi.stubEnv('NEXT_PHASE', 'phase-production-build')
  const client = createApiClient({ ...good, clientSecret: undefined })
  await expect(client.asService().token()).rejects.toMatchObject({ code: 'CW_CONFIG_MISSING' })
})
