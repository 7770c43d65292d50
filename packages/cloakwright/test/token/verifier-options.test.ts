import { createVerifier, type VerifierOptions } from 'cloakwright'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { codeOf, refusalOf } from '../support/refusal.ts'

const good = { issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' }
const withOption = (change: Record<string, unknown>): (() => unknown) => {
  return () => createVerifier({ ...good, ...change } as VerifierOptions)
}
afterEach(() => vi.unstubAllEnvs())

test.each([
  ['no issuer', { issuer: undefined }, 'CW_CONFIG_MISSING'],
  ['an empty issuer', { issuer: '' }, 'CW_CONFIG_MISSING'],
  ['an issuer that is not a URL', { issuer: 'shop' }, 'CW_CONFIG_INVALID'],
  ['an issuer that is a number', { issuer: 1 }, 'CW_CONFIG_INVALID'],
  ['an issuer of another protocol', { issuer: 'ftp://sso.example.com/realms/shop' }, 'CW_CONFIG_INVALID'],
  ['an issuer without a scheme', { issuer: 'localhost:8080/realms/shop' }, 'CW_CONFIG_INVALID'],
  ['an issuer with a trailing slash', { issuer: `${good.issuer}/` }, 'CW_CONFIG_INVALID'],
  ['an issuer with a query', { issuer: `${good.issuer}?a` }, 'CW_CONFIG_INVALID'],
  ['an issuer with credentials', { issuer: 'https://a:b@sso.example.com/realms/shop' }, 'CW_CONFIG_INVALID'],
  ['an invalid internal URL', { internalUrl: 'keycloak:8080' }, 'CW_CONFIG_INVALID'],
  ['no audience', { audience: undefined }, 'CW_CONFIG_MISSING'],
  ['an empty audience', { audience: '' }, 'CW_CONFIG_MISSING'],
  ['an empty list of audiences', { audience: [] }, 'CW_CONFIG_MISSING'],
  ['a list with an empty audience', { audience: ['shop-api', ''] }, 'CW_CONFIG_INVALID'],
  ['an audience that is a number', { audience: 1 }, 'CW_CONFIG_INVALID'],
  ['the audience account', { audience: 'account' }, 'CW_CONFIG_INSECURE'],
  ['the audience account among others', { audience: ['shop-api', 'account'] }, 'CW_CONFIG_INSECURE'],
  ['HS256', { algorithms: ['RS256', 'HS256'] }, 'CW_CONFIG_INSECURE'],
  ['none', { algorithms: ['None'] }, 'CW_CONFIG_INSECURE'],
  ['an unknown algorithm', { algorithms: ['RS1'] }, 'CW_CONFIG_INVALID'],
  ['no algorithm', { algorithms: [] }, 'CW_CONFIG_INVALID'],
  ['algorithms as a string', { algorithms: 'RS256' }, 'CW_CONFIG_INVALID'],
  ['a negative tolerance', { clockTolerance: -1 }, 'CW_CONFIG_INVALID'],
  ['a tolerance that is not a number', { clockTolerance: Number.NaN }, 'CW_CONFIG_INVALID'],
  ['a tolerance of an hour', { clockTolerance: 3600 }, 'CW_CONFIG_INVALID'],
  ['a list of no authorized parties', { authorizedParties: [] }, 'CW_CONFIG_INVALID'],
  ['an authorized party that is empty', { authorizedParties: [''] }, 'CW_CONFIG_INVALID'],
  ['a cache of no tokens', { cache: { maxEntries: 0 } }, 'CW_CONFIG_INVALID'],
  ['no cool-down', { keysCoolDown: 0 }, 'CW_CONFIG_INVALID'],
  ['a timeout of 0', { timeout: 0 }, 'CW_CONFIG_INVALID'],
  ['plain http beyond loopback', { issuer: 'http://sso.example.com/realms/shop' }, 'CW_CONFIG_INSECURE'],
  [
    'a host that only looks like loopback',
    { issuer: 'http://127.0.0.1.example.com/realms/shop' },
    'CW_CONFIG_INSECURE',
  ],
  ['another that does', { issuer: 'http://localhost.example.com/realms/shop' }, 'CW_CONFIG_INSECURE'],
])('%s is refused before the first token, with the fix', async (_name, change, code) => {
  const refusal = await refusalOf(withOption(change))
  expect(refusal?.code).toBe(code)
  expect(refusal?.message).toMatch(new RegExp(`^${Object.keys(change)[0]}`))
  expect(refusal?.hint).not.toBe('')
  expect(refusal?.hint).toBeDefined()
})

test('an unknown algorithm is refused with its position and name', async () => {
  const refusal = await refusalOf(withOption({ algorithms: ['RS256', 'RS1'] }))
  expect(refusal?.message).toBe('algorithms[1]: unknown algorithm "RS1"')
})

test.each([
  ['https', {}],
  ['http on localhost', { issuer: 'http://localhost:8080/realms/shop' }],
  ['http on 127.0.0.1', { issuer: 'http://127.0.0.1:8080/realms/shop' }],
  ['http on [::1]', { issuer: 'http://[::1]:8080/realms/shop' }],
  ['http inside the cluster', { internalUrl: 'http://keycloak:8080/realms/shop' }],
  ['several audiences', { audience: ['shop-api', 'stock-api'] }],
])('%s is accepted, in production too', async (_name, change) => {
  vi.stubEnv('NODE_ENV', 'production')
  expect(await codeOf(withOption(change))).toBe('accepted')
})

describe('dangerouslyAllowHttp', () => {
  const http = { issuer: 'http://keycloak:8080/realms/shop', dangerouslyAllowHttp: true }
  test('accepts plain http beyond loopback', async () => {
    expect(await codeOf(withOption(http))).toBe('accepted')
  })
  test.each([http, { dangerouslyAllowHttp: true }])('is refused in production: %o', async (options) => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(await codeOf(withOption(options))).toBe('CW_CONFIG_INSECURE')
  })
})
