import { expect, test } from 'vitest'
import { isLightweight, isOpaque } from '../../src/introspection/index.ts'

// The ids are Keycloak 26.7.4's, by session, kind and grant.

test.each([
  ['a login', 'onltac:2acd81c6-bab8-4f36-21ee-0469c3d87900', true],
  ['a password', 'onltro:995313cf-3806-448a-4209-e03d6d9756dd', true],
  ['a refresh', 'onltrt:672ebc1a-272e-c4da-62a5-3e1d42ac3a38', true],
  ['a service account', 'trltcc:9ed15759-72bb-dba3-6ea0-ebd73e066447', true],
  ['offline access', 'ofltro:ab9de664-781b-a574-391e-ecc50ed5024e', true],
  ['a token exchange', 'ntltte:672ebc1a-272e-c4da-62a5-3e1d42ac3a38', true],
  ['a regular token', 'onrtro:fa5f678d-1ee5-f389-959b-1664c7619006', false],
  ['a regular service account', 'trrtcc:59851961-1747-9e46-4a9d-bf51f269bc33', false],
  ['Keycloak before 26.2', 'fa5f678d-1ee5-4389-959b-1664c7619006', false],
  ['the letters elsewhere', 'ltonro:fa5f678d-1ee5-f389-959b-1664c7619006', false],
  ['a longer prefix', 'xonltro:fa5f678d', false],
  ['no colon', 'onltrofa5f678d', false],
  ['no text', 1, false],
  ['nothing', undefined, false],
])('the id of %s', (_, jti, lightweight) => {
  expect(isLightweight({ jti, iss: 'https://sso.example.com/realms/shop' })).toBe(lightweight)
})

test('a regular token without roles and subject does not count as lightweight, nor does a lightweight one with them count as regular', () => {
  const bare = { jti: 'onrtro:44e2aaa0-0f5d-7392-d083-c88ae4e63b2d', typ: 'Bearer', scope: '' }
  const rich = {
    jti: 'onltro:7b6d46eb-6a54-eaf4-3907-f7592ee9e125',
    sub: 'x',
    realm_access: { roles: ['a'] },
  }
  expect([isLightweight(bare), isLightweight(rich)]).toEqual([false, true])
})

test.each([
  ['random text', 'mF_9B5f41JqM', true],
  ['every allowed character', 'aZ09-._~+/==', true],
  ['two segments', 'abc.def', true],
  ['three segments, for the verifier', 'mF_9.B5f-4.1JqM', false],
  ['a JWS without its signature', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0', false],
  ['a JWE', 'eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d', false],
  ['random text that begins like a JWS', 'eyJ0b2tlbg', true],
  ['the longest', 'x'.repeat(100), true],
  ['one more', 'x'.repeat(101), false],
  ['nothing', '', false],
  ['a space', 'ab cd', false],
  ['an end of line', 'abcd\n', false],
  ['an equals sign inside', 'ab=cd', false],
  ['a quote', 'ab"cd', false],
  ['another alphabet', 'abé', false],
  ['no text', 1 as never, false],
])('as an opaque token: %s', (_, token, opaque) => {
  expect(isOpaque(token, 100)).toBe(opaque)
})

test('a long hostile string is checked fast', () => {
  const from = performance.now()
  expect(isOpaque(`${'='.repeat(1_000_000)}!`, 2_000_000)).toBe(false)
  expect(isOpaque(`${'a.'.repeat(500_000)}=!`, 2_000_000)).toBe(false)
  expect(performance.now() - from).toBeLessThan(10_000)
})
