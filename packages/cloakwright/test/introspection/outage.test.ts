import type { ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { toProblem } from 'cloakwright'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { toChallenge } from '../../src/guard/challenge.ts'
import type { Introspection, IntrospectionOptions } from '../../src/introspection/index.ts'
import { json } from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'
import { type Desk, holdAnswers, openDesk, start } from './support.ts'

let desk: Desk
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(() => desk.issuer.close())

const token = 'CANARY-head.CANARY-payload.CANARY-signature'
type Case = readonly [
  name: string,
  answer: (response: ServerResponse) => void,
  message: RegExp,
  options?: Partial<IntrospectionOptions>,
]

const text = (status: number, body: string, headers: Record<string, string> = {}) => {
  return (response: ServerResponse): void => void response.writeHead(status, headers).end(body)
}

const outages: readonly Case[] = [
  ['500', text(500, '{"error":"x"}'), /responds with status 500/],
  ['502 with HTML', text(502, '<html>'), /responds with status 502/],
  ['429', text(429, ''), /responds with status 429/],
  ['204', text(204, ''), /responds with status 204/],
  ['a redirect', text(302, '', { location: 'https://evil.example/' }), /redirect \(302\)/],
  ['a redirect that keeps the method', text(307, '', { location: '/elsewhere' }), /redirect \(307\)/],
  ['HTML', text(200, '<html>CANARY</html>'), /does not respond with one JSON object/],
  ['nothing', text(200, ''), /does not respond with one JSON object/],
  ['a list', text(200, '[{"active":true}]'), /does not respond with one JSON object/],
  ['a name twice', text(200, '{"active":true,"active":true}'), /does not respond with one JSON object/],
  ['JSON with more behind it', text(200, '{"active":true} CANARY'), /does not respond with one JSON object/],
  [
    'a JWT',
    text(200, token, { 'content-type': 'application/token-introspection+jwt' }),
    /does not respond with one JSON/,
  ],
  ['too much', text(200, `{"active":true,"a":"${'x'.repeat(300_000)}"}`), /which is too large/],
  ['an end in the middle', (response) => void response.socket?.destroy(), /cannot be reached/],
  ['nothing in time', () => {}, /no response within 50 ms/, { timeout: 50 }],
  [
    'a body that does not end',
    (response) => void response.writeHead(200).write('{"active":true,'),
    /no response within 50 ms/,
    { timeout: 50 },
  ],
]

/** Makes five calls, each with another token, that fail. */
async function fail(introspection: Introspection): Promise<void> {
  for (let at = 0; at < 5; at++)
    expect(await codeOf(() => introspection.introspect(`a.b.${at}`))).toBe('CW_INTROSPECTION_UNAVAILABLE')
}

describe('an outage', () => {
  const cases = outages.map(([name, answer, message, options]) => ({ name, answer, message, options }))
  test.each(cases)('$name: 503, and after five of them no call', async ({ answer, message, options }) => {
    desk.answer = answer
    const introspection = desk.make(options)
    const refusal = await refusalOf(() => introspection.introspect(token))
    expect(refusal).toMatchObject({ code: 'CW_INTROSPECTION_UNAVAILABLE', status: 503, retryAfter: 5 })
    expect(refusal?.message).toMatch(message)
    expectClean(refusal)
    for (let at = 1; at < 5; at++) await refusalOf(() => introspection.introspect(token))
    const open = await refusalOf(() => introspection.introspect(token))
    expect(desk.calls()).toBe(5)
    expect(open).toMatchObject({ code: 'CW_INTROSPECTION_UNAVAILABLE', status: 503, retryAfter: 5 })
    expect(open?.message).toMatch(message)
    expectClean(open)
  })

  test.each<[string, (desk: Desk) => Promise<void> | void]>([
    ['Keycloak is down', (given) => given.issuer.close()],
    [
      'the discovery document can not be had',
      (given) => {
        given.issuer.answers.discovery = (_request, response) => json(response, {}, 500)
      },
    ],
    [
      'the realm has no such endpoint',
      (given) => {
        given.issuer.answers.discovery = (_request, response) =>
          json(response, { issuer: given.issuer.issuer })
      },
    ],
  ])('%s: 503', async (_, arrange) => {
    await arrange(desk)
    const refusal = await refusalOf(() => desk.make().introspect(token))
    expect(refusal).toMatchObject({ code: 'CW_INTROSPECTION_UNAVAILABLE', status: 503, retryAfter: 5 })
    expectClean(refusal)
  })

  test.each<[string, () => string | Promise<string>]>([
    [
      'throws',
      () => {
        throw new Error('vault')
      },
    ],
    ['fails', () => Promise.reject(new Error('vault'))],
    ['never resolves', () => new Promise<string>(() => {})],
    ['has nothing', () => ''],
    ['has anything else', () => undefined as never],
  ])('a secret whose function %s: 503 without a call', async (_, clientSecret) => {
    const refusal = await refusalOf(() => desk.make({ clientSecret, timeout: 50 }).introspect(token))
    expect(refusal).toMatchObject({ code: 'CW_INTROSPECTION_UNAVAILABLE', status: 503 })
    expect(refusal?.message).toContain('clientSecret')
    expect(desk.calls()).toBe(0)
  })

  test('cached results are still served', async () => {
    const introspection = desk.make({ maxAge: 60 })
    const first = await introspection.introspect(token)
    desk.answer = text(500, '')
    await fail(introspection)
    expect(await introspection.introspect(token)).toBe(first)
  })
})

describe('the breaker', () => {
  beforeEach(() => {
    desk.answer = text(500, '')
  })

  test('tries one call after five seconds, and closes when there is a response', async () => {
    const introspection = desk.make()
    await fail(introspection)
    desk.now = start + 3.5
    expect((await refusalOf(() => introspection.introspect(token)))?.retryAfter).toBe(2)
    desk.now = start + 5
    desk.answer = (response) => json(response, desk.active())
    const release = holdAnswers(desk)
    const trial = introspection.introspect('a.b.trial')
    await vi.waitFor(() => expect(desk.calls()).toBe(6))
    expect(await refusalOf(() => introspection.introspect(token))).toMatchObject({
      code: 'CW_INTROSPECTION_UNAVAILABLE',
      retryAfter: 1,
    })
    release()
    await trial
    expect(await codeOf(() => introspection.introspect(token))).toBe('accepted')
    expect(desk.calls()).toBe(7)
  })

  test('stays open for as long again when the trial fails', async () => {
    const introspection = desk.make()
    await fail(introspection)
    desk.now = start + 5
    expect(await codeOf(() => introspection.introspect(token))).toBe('CW_INTROSPECTION_UNAVAILABLE')
    desk.now = start + 9.9
    desk.answer = (response) => json(response, desk.active())
    expect(await codeOf(() => introspection.introspect(token))).toBe('CW_INTROSPECTION_UNAVAILABLE')
    expect(desk.calls()).toBe(6)
    desk.now = start + 10
    expect(await codeOf(() => introspection.introspect(token))).toBe('accepted')
  })

  test('also closes on a response that refuses', async () => {
    const introspection = desk.make()
    await fail(introspection)
    desk.now = start + 5
    desk.answer = (response) => json(response, { active: false })
    expect(await codeOf(() => introspection.introspect(token))).toBe('CW_TOKEN_INACTIVE')
    expect(await codeOf(() => introspection.introspect(token))).toBe('CW_TOKEN_INACTIVE')
    expect(desk.calls()).toBe(7)
  })

  test('counts only consecutive outages', async () => {
    const introspection = desk.make({ maxAge: 0 })
    for (let at = 0; at < 12; at++) {
      desk.answer = at % 5 === 4 ? (response) => json(response, desk.active()) : text(500, '')
      await codeOf(() => introspection.introspect(token))
    }
    expect(desk.calls()).toBe(12)
  })

  test('does not wait longer if the clock was set back', async () => {
    const introspection = desk.make()
    await fail(introspection)
    desk.now = start - 3600
    desk.answer = (response) => json(response, desk.active({ exp: start }))
    expect(await codeOf(() => introspection.introspect(token))).toBe('accepted')
  })

  test('is not closed by a response to a request from before it opened', async () => {
    const introspection = desk.make({ timeout: 20_000 })
    const release = holdAnswers(desk)
    const early = introspection.introspect(token)
    await vi.waitFor(() => expect(desk.calls()).toBe(1))
    desk.answer = text(500, '')
    await fail(introspection)
    release((response) => json(response, desk.active()))
    await early
    expect(await codeOf(() => introspection.introspect('a.b.c'))).toBe('CW_INTROSPECTION_UNAVAILABLE')
    expect(desk.calls()).toBe(6)
  })
})

describe('a mistake of this service is not an outage', () => {
  test.each<[string, number, Record<string, string>, RegExp]>([
    [
      'a wrong secret',
      401,
      { error: 'invalid_client', error_description: 'Client authentication failed.' },
      /clientSecret/,
    ],
    [
      'a public client',
      403,
      { error: 'invalid_request', error_description: 'Client not allowed.' },
      /confidential/,
    ],
    [
      'a refused request',
      400,
      { error: 'invalid_request', error_description: 'Token not provided.' },
      /realm’s log/,
    ],
    ['no such realm', 404, { error: 'Realm does not exist' }, /the realm exists/],
  ])('%s (%i): 503 with its own hint, and the next request calls again', async (_, status, body, hint) => {
    desk.answer = (response) => json(response, body, status)
    const introspection = desk.make()
    for (let at = 0; at < 7; at++) {
      const refusal = await refusalOf(() => introspection.introspect(token))
      expect(refusal).toMatchObject({ code: 'CW_INTROSPECTION_UNAVAILABLE', status: 503, retryAfter: 5 })
      expect(refusal?.message).toContain(`(${status})`)
      expect(refusal?.hint).toMatch(hint)
      expectClean(refusal)
    }
    expect(desk.calls()).toBe(7)
    desk.answer = (response) => json(response, desk.active())
    expect(await codeOf(() => introspection.introspect(token))).toBe('accepted')
  })

  test('nor is an inactive token', async () => {
    desk.answer = (response) => json(response, { active: false })
    const introspection = desk.make()
    for (let at = 0; at < 7; at++) {
      const refusal = await refusalOf(() => introspection.introspect(token))
      expect(refusal?.code).toBe('CW_TOKEN_INACTIVE')
      expectClean(refusal)
    }
    expect(desk.calls()).toBe(7)
  })
})

/** Security invariant 2: neither token nor secret in any property. */
function expectClean(error: Awaited<ReturnType<typeof refusalOf>>): void {
  if (error === undefined) throw new Error('nothing was refused')
  const shown = [
    inspect(error, { depth: 9, showHidden: true }),
    toChallenge(error, { realm: 'shop' }),
    JSON.stringify(toProblem(error, 'req-1')),
  ]
  expect(shown.join('\n')).not.toContain('CANARY')
}
