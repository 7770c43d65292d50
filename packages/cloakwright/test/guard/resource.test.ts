import { createVerifier } from 'cloakwright'
import { describe, expect, test } from 'vitest'
import { createResourceMetadata } from '../../src/guard/resource.ts'
import { codeOf } from '../support/refusal.ts'

const issuer = 'https://sso.example.com/realms/shop'
const verifier = createVerifier({ issuer, audience: 'shop-api' })

describe('the metadata of a protected resource (RFC 9728)', () => {
  // §3.1: the well-known path goes between the host and the resource's own path.
  test.each([
    ['https://api.example.com', '/.well-known/oauth-protected-resource'],
    ['https://api.example.com/', '/.well-known/oauth-protected-resource'],
    ['https://api.example.com:8443/shop/v1', '/.well-known/oauth-protected-resource/shop/v1'],
  ])('for %s', (resource, path) => {
    const made = createResourceMetadata({ resource }, verifier)
    expect(made).toMatchObject({ path, url: new URL(path, resource).href })
    // §3.3: a client compares it exactly with the URL that it requested.
    expect(JSON.parse(made.answer('GET')?.body ?? '')).toEqual({
      resource,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
    })
  })

  test('with scopes, names and the supported proofs', () => {
    const bound = createVerifier({
      issuer,
      audience: 'shop-api',
      dpop: { publicUrl: 'https://api.example.com', algorithms: ['ES256'] },
      mtls: { from: 'socket' },
    })
    const options = {
      resource: 'https://api.example.com',
      scopes: ['read', 'orders:write'],
      name: 'Shop',
      documentation: 'https://api.example.com/docs',
    }
    expect(JSON.parse(createResourceMetadata(options, bound).answer('GET')?.body ?? '')).toMatchObject({
      scopes_supported: ['read', 'orders:write'],
      resource_name: 'Shop',
      resource_documentation: 'https://api.example.com/docs',
      dpop_signing_alg_values_supported: ['ES256'],
      tls_client_certificate_bound_access_tokens: true,
    })
  })

  test('names no authorization server if a function decides', () => {
    const any = createVerifier({ issuers: () => undefined })
    const made = createResourceMetadata({ resource: 'https://api.example.com' }, any)
    expect(JSON.parse(made.answer('GET')?.body ?? '')).not.toHaveProperty('authorization_servers')
  })

  test.each([
    ['a path that ends in a slash', { resource: 'https://api.example.com/shop/' }],
    ['two slashes', { resource: 'https://api.example.com//' }],
    ['a query', { resource: 'https://api.example.com?x' }],
    ['a fragment', { resource: 'https://api.example.com#x' }],
    ['no URL', { resource: 'shop' }],
    ['a scope with a quote', { resource: 'https://api.example.com', scopes: ['a"b'] }],
    ['two scopes in one', { resource: 'https://api.example.com', scopes: ['a b'] }],
  ])('%s stops the start', async (_name, options) => {
    expect(await codeOf(() => createResourceMetadata(options, verifier))).toBe('CW_CONFIG_INVALID')
  })
})
