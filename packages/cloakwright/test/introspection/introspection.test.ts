import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { IntrospectionOptions } from '../../src/introspection/index.ts'
import { checkClaims } from '../../src/token/claims.ts'
import { json } from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'
import { clientId, type Desk, holdAnswers, openDesk, start } from './support.ts'

let desk: Desk
beforeEach(async () => {
  desk = await openDesk()
})
afterEach(() => desk.issuer.close())

const token = 'eyJh.eyJq.c2ln'

describe('a call', () => {
  test('is a form as in RFC 7662, with the client’s credentials, and asks for JSON', async () => {
    await desk.make().introspect('a+b/c==')
    expect(desk.asked).toMatchObject([
      {
        method: 'POST',
        headers: {
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
          authorization: `Basic ${Buffer.from('shop-api:CANARY-s3cr3t').toString('base64')}`,
        },
        form: { token: 'a+b/c==', token_type_hint: 'access_token' },
      },
    ])
  })

  test('encodes client id and secret before it joins them (RFC 6749 §2.3.1)', async () => {
    await desk.make({ clientId: 'shop:api', clientSecret: 's:e c+r%é' }).introspect(token)
    const [, basic = ''] = String(desk.asked[0]?.headers.authorization).split(' ')
    expect(Buffer.from(basic, 'base64').toString()).toBe('shop%3Aapi:s%3Ae+c%2Br%25%C3%A9')
  })

  test('reads the secret each time: a rotation needs no restart', async () => {
    let secret = 'old'
    const introspection = desk.make({ clientSecret: async () => secret, maxAge: 0 })
    await introspection.introspect(token)
    secret = 'new'
    await introspection.introspect(token)
    const sent = desk.asked.map(({ headers }) =>
      Buffer.from(String(headers.authorization).slice(6), 'base64').toString(),
    )
    expect(sent).toEqual(['shop-api:old', 'shop-api:new'])
  })
})

describe('a call that the realm refuses', () => {
  const sent = () =>
    desk.asked.map(({ headers }) => Buffer.from(String(headers.authorization).slice(6), 'base64').toString())

  test('is repeated if there is another secret by now', async () => {
    const secrets = ['revoked', 'new']
    const introspection = desk.make({ clientSecret: async () => secrets.shift() ?? 'new' })
    desk.answer = (response) => {
      if (sent().at(-1) === 'shop-api:revoked') json(response, { error: 'invalid_client' }, 401)
      else json(response, desk.active())
    }
    expect((await introspection.introspect(token))['active']).toBe(true)
    expect(sent()).toEqual(['shop-api:revoked', 'shop-api:new'])
  })

  test('is not repeated with the same secret', async () => {
    desk.answer = (response) => json(response, { error: 'invalid_client' }, 401)
    expect(await codeOf(() => desk.make().introspect(token))).toBe('CW_INTROSPECTION_UNAVAILABLE')
    expect(sent()).toHaveLength(1)
  })
})

describe('the result', () => {
  test('for an active token is its claims, frozen and without a prototype', async () => {
    const claims = await desk.make().introspect(token)
    expect({ ...claims }).toEqual(desk.active())
    expect([Object.isFrozen(claims), Object.isFrozen(claims['realm_access'])]).toEqual([true, true])
    expect(Object.getPrototypeOf(claims)).toBe(null)
  })

  const expected = { audiences: ['shop-api'], authorizedParties: undefined, clockTolerance: 5 }
  test.each<[string, Record<string, unknown>, string]>([
    ['an access token', {}, 'accepted'],
    ['an access token for one audience', { aud: 'shop-api' }, 'accepted'],
    ['another audience', { aud: 'billing' }, 'CW_TOKEN_AUDIENCE'],
    ['an ID token', { typ: 'ID', token_type: 'ID' }, 'CW_TOKEN_TYPE'],
    ['a refresh token', { typ: 'Refresh', token_type: 'Refresh' }, 'CW_TOKEN_TYPE'],
    ['no type', { typ: undefined }, 'CW_TOKEN_TYPE'],
    ['a bound token', { typ: 'DPoP', cnf: { jkt: 'x' } }, 'CW_TOKEN_BOUND'],
    ['another issuer', { iss: 'https://sso.example.com/realms/other' }, 'CW_TOKEN_ISSUER'],
    ['no end', { exp: undefined }, 'CW_TOKEN_CLAIM'],
    ['an expired token', { exp: start - 60 }, 'CW_TOKEN_EXPIRED'],
    ['no subject', { sub: undefined }, 'CW_TOKEN_CLAIM'],
  ])('with %s is checked like a token’s own claims', async (_, change, code) => {
    desk.answer = (response) => json(response, desk.active(change))
    const claims = await desk.make().introspect(token)
    const expectations = { ...expected, issuer: desk.issuer.issuer }
    expect(await codeOf(() => checkClaims(claims, expectations, start))).toBe(code)
  })

  test.each<[string, Record<string, unknown>]>([
    ['inactive', { active: false }],
    ['inactive with claims', { active: false, sub: 'x' }],
    ['active as text', { active: 'true' }],
    ['active as number', { active: 1 }],
    ['active as list', { active: [true] }],
    ['nothing', {}],
    ['active by inheritance', JSON.parse('{"__proto__":{"active":true}}') as Record<string, unknown>],
  ])('%s is not an active token', async (_, answer) => {
    desk.answer = (response) => json(response, answer)
    const refusal = await refusalOf(() => desk.make().introspect(token))
    expect(refusal).toMatchObject({ code: 'CW_TOKEN_INACTIVE', status: 401 })
    expect(refusal?.hint).toContain(`Included Client Audience = ${clientId}, Add to token introspection = On`)
  })
})

describe('the cache', () => {
  test('returns the same object until the result is 5 seconds old', async () => {
    const introspection = desk.make()
    const first = await introspection.introspect(token)
    desk.now = start + 4.9
    expect(await introspection.introspect(Buffer.from(token).toString())).toBe(first)
    expect(desk.calls()).toBe(1)
    desk.now = start + 5
    expect(await introspection.introspect(token)).not.toBe(first)
    expect(desk.calls()).toBe(2)
  })

  test.each<[string, number | undefined, Record<string, unknown>, number, number]>([
    ['as long as it may', 60, {}, 59.9, 60],
    ['no longer than the token', 60, { exp: start + 10 }, 9.9, 10],
    ['not at all with 0', 0, {}, -1, 0],
    ['not at all for a token without an end', 60, { exp: undefined }, -1, 0],
    ['not at all for an end that is not a number', 60, { exp: String(start + 300) }, -1, 0],
    ['not at all for a token at its end', 60, { exp: start }, -1, 0],
  ])('keeps a result %s', async (_, maxAge, change, still, over) => {
    desk.answer = (response) => json(response, desk.active(change))
    const introspection = desk.make({ maxAge })
    await introspection.introspect(token)
    if (still >= 0) {
      desk.now = start + still
      await introspection.introspect(token)
      expect(desk.calls()).toBe(1)
    }
    desk.now = start + over
    await introspection.introspect(token)
    expect(desk.calls()).toBe(2)
  })

  test('counts from the request, not from a late response', async () => {
    const introspection = desk.make()
    const release = holdAnswers(desk)
    const first = introspection.introspect(token)
    await vi.waitFor(() => expect(desk.calls()).toBe(1))
    desk.now = start + 4
    release()
    await first
    desk.now = start + 5
    await introspection.introspect(token)
    expect(desk.calls()).toBe(2)
  })

  test('is not used when the clock is set back', async () => {
    const introspection = desk.make()
    await introspection.introspect(token)
    desk.now = start - 3600
    await introspection.introspect(token)
    expect(desk.calls()).toBe(2)
  })

  test('contains neither inactive tokens nor failures', async () => {
    const introspection = desk.make()
    desk.answer = (response) => json(response, { active: false })
    expect(await codeOf(() => introspection.introspect(token))).toBe('CW_TOKEN_INACTIVE')
    desk.answer = (response) => json(response, {}, 500)
    expect(await codeOf(() => introspection.introspect(token))).toBe('CW_INTROSPECTION_UNAVAILABLE')
    desk.answer = (response) => json(response, desk.active())
    expect(await codeOf(() => introspection.introspect(token))).toBe('accepted')
    expect(desk.calls()).toBe(3)
  })

  test('compares the whole token', async () => {
    const introspection = desk.make()
    const long = `${'a'.repeat(40)}.${'b'.repeat(40)}.${'c'.repeat(40)}`
    await introspection.introspect(long)
    desk.answer = (response) => json(response, { active: false })
    expect(await codeOf(() => introspection.introspect(`x${long}`))).toBe('CW_TOKEN_INACTIVE')
    expect(await codeOf(() => introspection.introspect(long))).toBe('accepted')
  })

  test('is emptied by clear', async () => {
    const introspection = desk.make()
    await introspection.introspect(token)
    introspection.clear()
    desk.answer = (response) => json(response, { active: false })
    expect(await codeOf(() => introspection.introspect(token))).toBe('CW_TOKEN_INACTIVE')
  })

  test('does not keep a result that was requested before clear', async () => {
    const introspection = desk.make()
    const release = holdAnswers(desk)
    const before = introspection.introspect(token)
    await vi.waitFor(() => expect(desk.calls()).toBe(1))
    introspection.clear()
    release()
    await before
    desk.answer = (response) => json(response, { active: false })
    expect(await codeOf(() => introspection.introspect(token))).toBe('CW_TOKEN_INACTIVE')
  })

  test('lets no request after clear wait for a result from before', async () => {
    const introspection = desk.make()
    const release = holdAnswers(desk)
    const before = introspection.introspect(token)
    await vi.waitFor(() => expect(desk.calls()).toBe(1))
    introspection.clear()
    const after = introspection.introspect(token)
    await vi.waitFor(() => expect(desk.calls()).toBe(2))
    release()
    expect(await after).not.toBe(await before)
    expect(await introspection.introspect(token)).toBe(await after)
  })
})

describe('many requests at the same time', () => {
  test('50 with one token are one call', async () => {
    const introspection = desk.make({ maxAge: 0 })
    const all = await Promise.all(Array.from({ length: 50 }, () => introspection.introspect(token)))
    expect([desk.calls(), new Set(all).size]).toEqual([1, 1])
    await introspection.introspect(token)
    expect(desk.calls(), 'the next one asks again').toBe(2)
  })

  test('50 share a failure too, and the next one calls again', async () => {
    const introspection = desk.make()
    desk.answer = (response) => json(response, {}, 500)
    const codes = await Promise.all(
      Array.from({ length: 50 }, () => codeOf(() => introspection.introspect(token))),
    )
    expect([desk.calls(), ...new Set(codes)]).toEqual([1, 'CW_INTROSPECTION_UNAVAILABLE'])
    desk.answer = (response) => json(response, desk.active())
    expect(await codeOf(() => introspection.introspect(token))).toBe('accepted')
  })

  test('at most 100 calls are pending, of which opaque tokens use half', async () => {
    const introspection = desk.make()
    const release = holdAnswers(desk)
    const send = (count: number, text: (at: number) => string): Promise<string>[] =>
      Array.from({ length: count }, (_, at) => codeOf(() => introspection.introspect(text(at))))
    const opaque = send(60, (at) => `opaque-${at}`)
    const signed = send(60, (at) => `a.b.${at}`)
    await vi.waitFor(() => expect(desk.calls()).toBe(100))
    const refusal = await refusalOf(() => introspection.introspect('a.b.one-more'))
    expect(refusal).toMatchObject({ code: 'CW_INTROSPECTION_UNAVAILABLE', status: 503, retryAfter: 1 })
    release()
    const count = async (codes: Promise<string>[]): Promise<number> =>
      (await Promise.all(codes)).filter((code) => code === 'accepted').length
    expect([await count(opaque), await count(signed)]).toEqual([50, 50])
    expect(await codeOf(() => introspection.introspect('a.b.one-more'))).toBe('accepted')
  })
})

describe('invalid options stop the start', () => {
  test.each<[string, Partial<IntrospectionOptions>, string]>([
    ['no client', { clientId: '' }, 'CW_CONFIG_MISSING'],
    ['no secret', { clientSecret: '' }, 'CW_CONFIG_MISSING'],
    ['a secret that is neither text nor function', { clientSecret: 1 as never }, 'CW_CONFIG_MISSING'],
    ['a negative age', { maxAge: -1 }, 'CW_CONFIG_INVALID'],
    ['an age of minutes', { maxAge: 61 }, 'CW_CONFIG_INVALID'],
    ['an age that is not a number', { maxAge: Number.NaN }, 'CW_CONFIG_INVALID'],
    ['no time', { timeout: 0 }, 'CW_CONFIG_INVALID'],
  ])('%s', async (_, change, code) => {
    expect(await codeOf(() => desk.make(change))).toBe(code)
  })
})
