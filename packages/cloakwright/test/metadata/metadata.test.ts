import { createVerifier, type Fetch } from 'cloakwright'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMetadata, type MetadataOptions } from '../../src/metadata/index.ts'
import {
  claimsOf,
  documentOf,
  json,
  makeKey,
  signClaims,
  startIssuer,
  type TestIssuer,
} from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'

const publicIssuer = 'https://sso.example.com/realms/shop'
const key = makeKey('one', 'ES256')
let inside: TestIssuer
let now = 0
beforeEach(async () => {
  inside = await startIssuer([key.jwk])
  inside.answers.discovery = (_request, response) => json(response, documentOf(publicIssuer))
})
afterEach(() => inside.close())

const make = (change: Partial<MetadataOptions> = {}) =>
  createMetadata({ issuer: publicIssuer, internalUrl: inside.issuer, now: () => now, ...change })

test('back-channel endpoints use the internal URL, the browser’s URLs stay public', async () => {
  const { document, internal } = await make().get()
  expect(document['token_endpoint']).toBe(`${publicIssuer}/protocol/openid-connect/token`)
  expect(internal).toMatchObject({
    issuer: publicIssuer,
    authorization_endpoint: `${publicIssuer}/protocol/openid-connect/auth`,
    end_session_endpoint: `${publicIssuer}/protocol/openid-connect/logout`,
    token_endpoint: `${inside.issuer}/protocol/openid-connect/token`,
    jwks_uri: `${inside.issuer}/protocol/openid-connect/certs`,
  })
})

test('endpoints that are internal already, or elsewhere, are not changed', async () => {
  const own = {
    ...documentOf(publicIssuer),
    token_endpoint: `${inside.issuer}/token`,
    userinfo_endpoint: `${publicIssuer}2/userinfo`,
    mtls_endpoint_aliases: { token_endpoint: `${publicIssuer}/mtls/token` },
  }
  inside.answers.discovery = (_request, response) => json(response, own)
  const { internal } = await make().get()
  expect(internal).toMatchObject({
    token_endpoint: `${inside.issuer}/token`,
    userinfo_endpoint: `${publicIssuer}2/userinfo`,
    mtls_endpoint_aliases: { token_endpoint: `${inside.issuer}/mtls/token` },
  })
})

test('a verifier with a public issuer fetches its keys from the internal URL', async () => {
  const verifier = createVerifier({ issuer: publicIssuer, internalUrl: inside.issuer, audience: 'shop-api' })
  expect(await codeOf(async () => verifier.verify(await signClaims(key, claimsOf(publicIssuer))))).toBe(
    'accepted',
  )
  // Tokens with the internal URL come from a Keycloak without a fixed public URL.
  const internalToken = await signClaims(key, claimsOf(inside.issuer))
  expect(await codeOf(() => verifier.verify(internalToken))).toBe('CW_TOKEN_ISSUER')
})

test('concurrent calls are one request, and the result is cached for an hour', async () => {
  const metadata = make()
  await Promise.all(Array.from({ length: 20 }, () => metadata.get()))
  now += 3_599_000
  await metadata.get()
  expect(inside.count.discovery).toBe(1)
  now += 2_000
  await metadata.get()
  expect(inside.count.discovery).toBe(2)
})

test('a failure is not cached', async () => {
  const metadata = make()
  const good = inside.answers.discovery
  inside.answers.discovery = (_request, response) => json(response, { error: 'Realm does not exist' }, 404)
  const refusal = await refusalOf(() => metadata.get())
  expect(refusal).toMatchObject({ code: 'CW_DISCOVERY_FAILED', status: 503 })
  expect(refusal?.hint).toContain('realm')
  if (good !== undefined) inside.answers.discovery = good
  expect(await codeOf(() => metadata.get())).toBe('accepted')
})

test('a cached document is used while the realm is down, and fetched again after', async () => {
  const metadata = make()
  await metadata.get()
  const good = inside.answers.discovery
  inside.answers.discovery = (request) => request.socket.destroy()
  now += 3_601_000
  expect(await codeOf(() => metadata.get())).toBe('accepted')
  expect(await codeOf(() => metadata.get())).toBe('accepted')
  expect(inside.count.discovery, 'no attempt for each request').toBe(2)
  if (good !== undefined) inside.answers.discovery = good
  now += 31_000
  await metadata.get()
  expect(inside.count.discovery).toBe(3)
})

test('a document of another issuer is refused, with both in the error', async () => {
  inside.answers.discovery = (_request, response) => json(response, documentOf(inside.issuer))
  const refusal = await refusalOf(() => make().get())
  expect(refusal?.code).toBe('CW_DISCOVERY_ISSUER')
  expect(refusal?.message).toContain(inside.issuer)
  expect(refusal?.message).toContain(publicIssuer)
  expect(refusal?.hint).toContain('KC_HOSTNAME')
})

test.each([
  ['no issuer', {}],
  ['an issuer that is not a string', { issuer: [publicIssuer] }],
])('a document with %s is refused', async (_name, document) => {
  inside.answers.discovery = (_request, response) => json(response, document)
  expect(await codeOf(() => make().get())).toBe('CW_DISCOVERY_ISSUER')
})

test('a fetch that never responds and ignores the signal is aborted', async () => {
  const never: Fetch = () => new Promise(() => {})
  const refusal = await refusalOf(() => make({ fetch: never, timeout: 20 }).get())
  expect(refusal).toMatchObject({ code: 'CW_DISCOVERY_FAILED', retryAfter: 5 })
  expect(refusal?.message).toContain('20 ms')
})
