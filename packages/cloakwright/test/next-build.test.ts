import {
  CloakwrightError,
  createPermissions,
  createVerifier,
  type ErrorCode,
  type PermissionsOptions,
  type VerifierOptions,
} from 'cloakwright'
import { cloakwright } from 'cloakwright/web'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer } from './support/issuer.ts'

// `next build` evaluates route modules in a container without the variables of the running service.

const unset = process.env['CLOAKWRIGHT_TEST_UNSET'] as string
const issuer = 'https://sso.example.com/realms/shop'
const request = (token: string): Request =>
  new Request('https://api.example.com/', { headers: { authorization: `Bearer ${token}` } })

const incomplete: [name: string, options: VerifierOptions][] = [
  ['no issuer', { issuer: unset, audience: 'shop-api' }],
  ['an empty issuer', { issuer: '', audience: 'shop-api' }],
  ['no audience', { issuer, audience: unset }],
  [
    'no secret of its client',
    { issuer, audience: 'shop-api', introspection: { clientId: 'shop-api', clientSecret: unset } },
  ],
  ['no issuer among several', { issuers: [{ issuer: unset, audience: 'shop-api' }] }],
  ['no public URL for proofs', { issuer, audience: 'shop-api', dpop: { publicUrl: unset } }],
]
const withoutAudience: PermissionsOptions = { issuer, audience: unset }

function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof CloakwrightError ? error.code : undefined
}

afterEach(() => vi.unstubAllEnvs())

describe('during next build', () => {
  beforeEach(() => vi.stubEnv('NEXT_PHASE', 'phase-production-build'))

  test.each(incomplete)('a verifier with %s is created, and fails on first use', async (_name, options) => {
    const verifier = createVerifier(options)
    expect(codeOf(await verifier.ready().catch((error: unknown) => error))).toBe('CW_CONFIG_MISSING')
    const verify = async (): Promise<unknown> => await verifier.verify('a.b.c')
    expect(codeOf(await verify().catch((error: unknown) => error))).toBe('CW_CONFIG_MISSING')
  })

  test('a guard with such a verifier refuses every token with 500, and names the option in the log', async () => {
    const logged: string[] = []
    const protect = cloakwright({
      verifier: createVerifier({ issuer: unset, audience: 'shop-api' }),
      onRefused: ({ message }) => logged.push(message),
    })
    const get = protect(() => Response.json({ ok: true }))
    expect((await get(request('a.b.c'))).status).toBe(500)
    expect(logged).toEqual([expect.stringContaining('issuer')])
  })

  test('a policy of the realm’s permissions without its client refuses with 500', async () => {
    const key = makeKey('one')
    const realm = await startIssuer([key.jwk])
    try {
      const permission = createPermissions(withoutAudience)
      const protect = cloakwright({
        verifier: createVerifier({ issuer: realm.issuer, audience: 'shop-api' }),
      })
      const get = protect(() => Response.json({ ok: true }), permission({ resource: 'orders' }))
      const token = await signClaims(key, claimsOf(realm.issuer))
      expect((await get(request(token))).status).toBe(500)
    } finally {
      await realm.close()
    }
  })

  test.each<[string, VerifierOptions, ErrorCode]>([
    ['is not a URL', { issuer: 'shop', audience: 'shop-api' }, 'CW_CONFIG_INVALID'],
    ['is the audience of nearly every token', { issuer, audience: 'account' }, 'CW_CONFIG_INSECURE'],
  ])('a value that %s is refused at once', (_name, options, code) => {
    expect(() => createVerifier(options)).toThrow(expect.objectContaining({ code }))
  })
})

describe.each(['', 'phase-production-server', 'phase-development-server', 'phase-export'])(
  'with NEXT_PHASE=%s',
  (phase) => {
    beforeEach(() => vi.stubEnv('NEXT_PHASE', phase))

    test.each(incomplete)('a verifier with %s is refused at once', (_name, options) => {
      expect(() => createVerifier(options)).toThrow(expect.objectContaining({ code: 'CW_CONFIG_MISSING' }))
    })

    test('so are permissions without their client', () => {
      expect(() => createPermissions(withoutAudience)).toThrow(
        expect.objectContaining({ code: 'CW_CONFIG_MISSING' }),
      )
    })
  },
)
