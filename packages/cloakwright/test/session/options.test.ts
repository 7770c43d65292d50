import { createHash, generateKeyPairSync } from 'node:crypto'
import { createSessions, type SessionOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newKey } from './support/setup.ts'

const good: SessionOptions = {
  issuer: 'https://id.example.com/realms/r',
  clientId: 'app',
  clientSecret: 'secret',
  publicUrl: 'https://app.example.com',
  keys: [newKey('k1')],
  store: memorySessionStore(),
}

describe('createSessions refuses', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it.each<[string, Partial<SessionOptions>, string, RegExp]>([
    ['no issuer', { issuer: '' }, 'CW_CONFIG_MISSING', /^issuer/],
    ['no client', { clientId: '' }, 'CW_CONFIG_MISSING', /^clientId/],
    ['no secret', { clientSecret: '' }, 'CW_CONFIG_MISSING', /^clientSecret/],
    ['no public URL', { publicUrl: '' }, 'CW_CONFIG_MISSING', /^publicUrl/],
    ['no key', { keys: [] }, 'CW_CONFIG_MISSING', /^keys/],
    [
      'a public URL with a path',
      { publicUrl: 'https://app.example.com/x' },
      'CW_CONFIG_INVALID',
      /has a path/,
    ],
    ['an invalid public URL', { publicUrl: 'app.example.com' }, 'CW_CONFIG_INVALID', /^publicUrl/],
    ['an invalid base path', { basePath: 'auth/' }, 'CW_CONFIG_INVALID', /^basePath/],
    ['a scope without openid', { scope: 'profile' }, 'CW_CONFIG_INVALID', /^scope/],
    ['a timeout of 0', { idleTimeout: 0 }, 'CW_CONFIG_INVALID', /^idleTimeout/],
    ['neither secret nor key', { clientSecret: undefined }, 'CW_CONFIG_MISSING', /^clientSecret/],
    ['a secret and a key', { clientKey: 'x' }, 'CW_CONFIG_INVALID', /^clientKey/],
    [
      'a key that is none',
      { clientSecret: undefined, clientKey: 'canary' },
      'CW_CONFIG_INVALID',
      /^clientKey/,
    ],
    [
      'a public key',
      { clientSecret: undefined, clientKey: generateKeyPairSync('ed25519').publicKey },
      'CW_CONFIG_INVALID',
      /^clientKey: not a private key/,
    ],
    [
      'a key of an unsupported type',
      { clientSecret: undefined, clientKey: generateKeyPairSync('x25519').privateKey },
      'CW_CONFIG_INVALID',
      /^clientKey: unsupported/,
    ],
    ['a relative postLogoutUrl', { postLogoutUrl: 'bye' }, 'CW_CONFIG_INVALID', /^postLogoutUrl/],
    [
      'a postLogoutUrl without a scheme',
      { postLogoutUrl: '//evil.example' },
      'CW_CONFIG_INVALID',
      /^postLogoutUrl/,
    ],
    [
      'a postLogoutUrl in plain http',
      { postLogoutUrl: 'http://www.example.com' },
      'CW_CONFIG_INSECURE',
      /^postLogoutUrl/,
    ],
    ['plain http', { publicUrl: 'http://app.example.com' }, 'CW_CONFIG_INSECURE', /^publicUrl/],
    ['a realm in plain http', { issuer: 'http://id.example.com/realms/r' }, 'CW_CONFIG_INSECURE', /^issuer/],
  ])('%s', (_, change, code, message) => {
    expect(() => createSessions({ ...good, ...change })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message), hint: expect.any(String) }),
    )
  })

  it('plain http beyond loopback in production, even if configured', () => {
    const options = { ...good, publicUrl: 'http://app.example.com', dangerouslyAllowHttp: true }
    expect(createSessions(options)).toBeDefined()
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => createSessions(options)).toThrow(expect.objectContaining({ code: 'CW_CONFIG_INSECURE' }))
  })
})

it('accepts loopback in plain http', () => {
  expect(createSessions({ ...good, publicUrl: 'http://localhost:8000' }).basePath).toBe('/auth')
})

describe('the name of the session cookie', () => {
  const nameOf = async (changes: Partial<SessionOptions>): Promise<string> => {
    const sessions = createSessions({ ...good, ...changes })
    await sessions.close()
    return sessions.cookieName
  }
  const hashOf = (...service: readonly string[]): string =>
    createHash('sha256').update(service.join('\n')).digest('base64url').slice(0, 8)

  it('is a hash of issuer and client, so that an update of this package signs nobody out', async () => {
    const { issuer, clientId } = good
    expect(await nameOf({})).toBe(`__Host-cloakwright-${hashOf(issuer, clientId)}`)
    const publicUrl = 'http://localhost:3000'
    expect(await nameOf({ publicUrl })).toBe(`cloakwright_dev-${hashOf(issuer, clientId, publicUrl)}`)
  })

  it('differs for another base path', async () => {
    expect(await nameOf({ basePath: '/auth/b' })).not.toBe(await nameOf({}))
  })
})
