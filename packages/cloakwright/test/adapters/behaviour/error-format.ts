import type { ErrorResponse, FormatError } from 'cloakwright'
import { afterEach, describe, expect, test } from 'vitest'
import { canary, type Driver } from '../drivers/types.ts'
import { useWorld } from './world.ts'

const challenge = 'Bearer realm="shop"'

/** Errors in the application's own format. */
export function testErrorFormat(driver: Driver): void {
  const usual: FormatError = ({ code, status }) => ({
    body: { error: { code, status } },
    headers: { 'X-Error': code },
  })
  let format: FormatError = usual
  const requests: unknown[] = []
  const world = useWorld(driver, () => ({
    guard: {
      formatError: (problem, request) => {
        requests.push(request)
        return format(problem, request)
      },
    },
  }))
  afterEach(() => {
    format = usual
    requests.length = 0
  })

  test('body and headers come from the application, status and challenge from the guard', async () => {
    const response = await world.send('/me')
    expect([response.status, response.json()]).toEqual([
      401,
      { error: { code: 'CW_TOKEN_MISSING', status: 401 } },
    ])
    expect(response.headers).toMatchObject({
      // Nest adds the charset.
      'content-type': expect.stringMatching(/^application\/json\b/),
      'x-error': 'CW_TOKEN_MISSING',
      'www-authenticate': challenge,
      'cache-control': 'no-store',
    })
    expect(requests).toEqual([expect.any(Object)])
  })

  test.each([
    ['a bad token', '/me', 'x', 401, 'CW_TOKEN_MALFORMED'],
    ['a role that is missing', '/auditor', undefined, 403, 'CW_FORBIDDEN'],
    ['a scope that is missing', '/read', undefined, 403, 'CW_SCOPE_INSUFFICIENT'],
    ['a second token', '/me?access_token=x', undefined, 400, 'CW_REQUEST_AMBIGUOUS'],
    ['a policy that fails', '/fails', undefined, 500, 'HTTP_500'],
  ])('for %s', async (_name, path, token, status, code) => {
    const response = await world.sendToken(path, token)
    expect([response.status, response.json()]).toEqual([status, { error: { code, status } }])
    expect(response.headers['x-error']).toBe(code)
    expect(response.text).not.toContain(canary)
  })

  test.runIf(driver.answersErrors)('for an error of a handler', async () => {
    const response = await world.sendToken('/throws')
    expect([response.status, response.json()]).toEqual([500, { error: { code: 'HTTP_500', status: 500 } }])
  })

  test('the body may be a string of any type', async () => {
    format = ({ code }) => ({
      body: `<error>${code}</error>`,
      headers: { 'Content-Type': 'application/xml' },
    })
    const { status, headers, text } = await world.send('/me')
    expect([status, headers['content-type'], text]).toEqual([
      401,
      expect.stringMatching(/^application\/xml\b/),
      '<error>CW_TOKEN_MISSING</error>',
    ])
  })

  test('the body may be a string with a content type that does not match it', async () => {
    format = () => ({ body: 'no JSON', headers: { 'content-type': 'application/json' } })
    const { status, headers, text } = await world.send('/me')
    expect([status, headers['www-authenticate'], text]).toEqual([401, challenge, 'no JSON'])
  })

  test('may change status and challenge headers explicitly', async () => {
    format = () => ({ body: {}, status: 404, challenge: { 'www-authenticate': null, 'retry-after': '7' } })
    const { status, headers } = await world.send('/me')
    expect([status, headers['www-authenticate'], headers['retry-after']]).toEqual([404, undefined, '7'])
  })

  const none = undefined as unknown as ErrorResponse
  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no template')
      },
    ],
    ['returns nothing', () => none],
    ['has no body', () => ({})],
    ['returns a promise', async () => ({ body: {} })],
    ['returns a promise that rejects', () => Promise.reject(new Error('no template'))],
    ['has a promise as its body', () => ({ body: Promise.resolve('x') })],
    ['has a body that rejects', () => ({ body: Promise.reject(new Error('no template')) })],
    ['has a status that admits', () => ({ body: {}, status: 200 })],
    ['has an invalid status', () => ({ body: {}, status: 'x' })],
    ['sets the challenge as a header', () => ({ body: {}, headers: { 'WWW-Authenticate': 'x' } })],
    ['sets the length of the body', () => ({ body: {}, headers: { 'content-length': '5' } })],
    ['breaks a header', () => ({ body: {}, headers: { 'x-error': 'a\r\nb: c' } })],
    ['breaks the name of a header', () => ({ body: {}, headers: { 'x error': 'a' } })],
    ['breaks the challenge', () => ({ body: {}, challenge: { 'www-authenticate': 'a\nb' } })],
    ['has a header that is not a string', () => ({ body: {}, headers: { 'x-error': 5 } })],
  ])('that %s: the usual format with its challenge, and the log says so', async (_name, make) => {
    format = make as FormatError
    const response = await world.send('/me')
    expect(response.json()).toMatchObject({ status: 401, code: 'CW_TOKEN_MISSING' })
    expect([response.status, response.headers['www-authenticate']]).toEqual([401, challenge])
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json\b/)
    expect(world.logged()).toMatchObject([{ level: 'error', code: 'CW_TOKEN_MISSING' }])
  })

  describe('with proofs and an outage', () => {
    const key = [Buffer.alloc(32, 7)]
    const proofs = useWorld(driver, () => ({
      verifier: { dpop: { publicUrl: 'https://api.example.com', nonceKeys: key } },
      guard: { formatError: usual },
    }))

    test('keeps Retry-After', async () => {
      proofs.issuer.answers.jwks = (_request, response) => response.writeHead(500).end()
      const { status, headers } = await proofs.sendToken('/me')
      expect([status, headers['retry-after'], headers['x-error']]).toEqual([
        503,
        expect.stringMatching(/^\d+$/),
        'CW_KEYS_UNAVAILABLE',
      ])
    })
  })
}
