import { createVerifier, type Verifier } from 'cloakwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { heapInUse } from '../support/heap.ts'
import { claimsOf, makeKey, signRaw, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

// Headers are cached by their string: none of these may see a difference.

const key = makeKey('one')
let issuer: TestIssuer
let verifier: Verifier
let payload: string
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', cache: false })
  payload = JSON.stringify(claimsOf(issuer.issuer))
})
afterAll(() => issuer.close())

const token = (header: string): string => signRaw(key, header, payload)
const encode = (text: string): string => Buffer.from(text).toString('base64url')

test('a header that one verifier accepts is refused by another that does not allow its algorithm', async () => {
  const header = '{"alg":"RS256","kid":"one","for":"two verifiers"}'
  const other = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', algorithms: ['ES256'] })
  for (let time = 0; time < 2; time++) {
    expect(await codeOf(() => verifier.verify(token(header)))).toBe('accepted')
    expect(await codeOf(() => other.verify(token(header)))).toBe('CW_TOKEN_ALGORITHM')
  }
})

test('a header that one realm’s key verified is refused by a realm without that key', async () => {
  const elsewhere = await startIssuer([makeKey('two').jwk])
  try {
    const other = createVerifier({ issuer: elsewhere.issuer, audience: 'shop-api' })
    const signed = token('{"alg":"RS256","kid":"one"}')
    expect(await codeOf(() => verifier.verify(signed))).toBe('accepted')
    expect(await codeOf(() => other.verify(signed))).toBe('CW_TOKEN_KEY_UNKNOWN')
  } finally {
    await elsewhere.close()
  }
})

test.each([
  ['crit', '{"alg":"RS256","kid":"one","crit":["exp"]}', 'CW_TOKEN_MALFORMED'],
  ['b64', '{"alg":"RS256","kid":"one","b64":false}', 'CW_TOKEN_MALFORMED'],
  ['no kid', '{"alg":"RS256"}', 'CW_TOKEN_KEY_UNKNOWN'],
  ['another type', '{"alg":"RS256","kid":"one","typ":"logout+jwt"}', 'CW_TOKEN_TYPE'],
  ['a symmetric algorithm', '{"alg":"HS256","kid":"one"}', 'CW_TOKEN_ALGORITHM'],
])('a header with %s is refused the second time as well', async (_name, header, code) => {
  for (let time = 0; time < 3; time++) expect(await codeOf(() => verifier.verify(token(header)))).toBe(code)
})

test('a header that some decoders treat like a known one is not that header', async () => {
  // 50 bytes leave two unused bits, so three other strings have the same bytes.
  const header = '{"alg":"RS256","kid":"one","pad":"0123456789abcd"}'
  const text = encode(header)
  expect(await codeOf(() => verifier.verify(token(header)))).toBe('accepted')
  const [, ...rest] = token(header).split('.')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const next = alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1]
  const others = [`${text.slice(0, -1)}${next}`, `${text}=`, ` ${text}`, `${text}\n`, `${text.slice(0, -1)}`]
  for (const other of others)
    expect(await codeOf(() => verifier.verify([other, ...rest].join('.')))).toBe('CW_TOKEN_MALFORMED')
})

test('25,000 made-up headers are not cached', async () => {
  const before = heapInUse()
  for (let at = 0; at < 25_000; at++) {
    const header = `{"alg":"RS256","kid":"one","made up":"${'x'.repeat(1000)}${at}"}`
    const code = await codeOf(() => verifier.verify(`${encode(header)}.e30.AAAA`))
    if (code !== 'CW_TOKEN_SIGNATURE') expect(code).toBe('CW_TOKEN_SIGNATURE')
  }
  expect(heapInUse() - before).toBeLessThan(4)
  expect(await codeOf(() => verifier.verify(token('{"alg":"RS256","kid":"one"}')))).toBe('accepted')
}, 60_000)
