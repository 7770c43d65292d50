import { describe, expect, test } from 'vitest'
import { canary, type Driver } from '../drivers/types.ts'
import { bearer, form, leave } from './client.ts'
import { secret, useWorld } from './world.ts'

const realm = 'Bearer realm="shop"'
const ambiguous = `${realm}, error="invalid_request", error_description="The request has more than one token"`

/** Ways to send a token, and the responses to requests with no token or two. */
export function testTransport(driver: Driver): void {
  const world = useWorld(driver)
  const { send, sendToken, sign, logged } = world

  describe('a request with a valid token', () => {
    test.each(['Bearer', 'bearer', 'BEARER', 'Bearer  '])('%s TOKEN is admitted', async (scheme) => {
      const response = await send('/me', { fields: [['authorization', `${scheme} ${await sign()}`]] })
      expect([response.status, response.json()]).toEqual([200, { user: 'alice' }])
      expect(response.headers['www-authenticate']).toBeUndefined()
    })

    test('whatever the case of the header’s name is', async () => {
      const [, value] = bearer(await sign())
      for (const name of ['Authorization', 'AUTHORIZATION', 'aUTHORIZATION'])
        expect((await send('/me', { fields: [[name, value]] })).status).toBe(200)
    })

    test('forged URLs change nothing', async () => {
      const fields = [
        ['Host', 'evil.example'],
        ['X-Forwarded-Host', 'evil.example'],
        ['X-Forwarded-Proto', 'https'],
        ['Forwarded', 'host=evil.example;proto=https'],
      ] as const
      expect((await sendToken('/me', undefined, { fields })).status).toBe(200)
      const refused = await send('/me', { fields })
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, realm])
      expect(JSON.stringify([refused.headers, refused.text])).not.toContain('evil')
    })

    test('below the prefix of a router', async () => {
      expect((await sendToken('/mounted/me')).json()).toEqual({ user: 'alice' })
      expect((await send('/mounted/me')).status).toBe(401)
    })
  })

  describe('many new tokens at once', () => {
    test('each request is decided by its own token', async () => {
      const genuine = await Promise.all(
        Array.from({ length: 10 }, (_, number) => sign({ preferred_username: `user-${number}` })),
      )
      const requests = genuine.flatMap((token, number) => {
        const forged = `${token.slice(0, token.lastIndexOf('.'))}.${genuine.at(number - 1)?.split('.')[2] ?? ''}`
        return [token, forged, token]
      })
      const responses = await Promise.all(requests.map((token) => sendToken('/me', token)))
      expect(
        responses.map((response) => [response.status, (response.json() as { user?: string }).user]),
      ).toEqual(
        genuine.flatMap((_, number) => [
          [200, `user-${number}`],
          [401, undefined],
          [200, `user-${number}`],
        ]),
      )
    })

    test('clients that go away meanwhile leave the service as it is', async () => {
      const tokens = await Promise.all(
        Array.from({ length: 10 }, (_, number) => sign({ jti: `gone-${number}` })),
      )
      await Promise.all(tokens.map((token) => leave(world.service, '/me', token)))
      expect((await sendToken('/me', await sign({ jti: 'after' }))).status).toBe(200)
    })
  })

  describe('a request without a token', () => {
    test.each([
      ['no header', undefined],
      ['an empty header', ''],
      ['another scheme', 'Basic YWxpY2U6YWxpY2U='],
      ['a scheme that begins alike', `BearerToken ${'x'.repeat(20)}`],
      ['the scheme DPoP, where no proof is checked', 'DPoP x'],
    ])('%s: 401, and a challenge without an error code', async (_name, authorization) => {
      const fields = authorization === undefined ? [] : [['authorization', authorization] as const]
      const response = await send('/me', { fields })
      expect(response.status).toBe(401)
      expect(response.headers['www-authenticate']).toBe(realm)
      expect(response.headers['cache-control']).toBe('no-store')
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(response.json()).toEqual({
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        detail: 'Not authenticated',
        code: 'CW_TOKEN_MISSING',
        requestId: expect.stringMatching(/./) as string,
      })
      expect(logged()).toMatchObject([{ level: 'info', code: 'CW_TOKEN_MISSING' }])
    })

    test('is admitted where anonymous requests are; invalid credentials are refused', async () => {
      expect((await send('/anyone')).json()).toEqual({ user: null })
      expect((await sendToken('/anyone')).json()).toEqual({ user: 'alice' })
      expect((await sendToken('/anyone', 'x')).status).toBe(401)
    })

    test('a public route needs no credentials and has no user', async () => {
      expect((await sendToken('/public')).json()).toEqual({ user: null })
      expect((await sendToken('/public', 'x')).status).toBe(200)
    })
  })

  describe('request methods', () => {
    test('HEAD is guarded like GET, and its responses have no body', async () => {
      const admitted = await sendToken('/me', undefined, { method: 'HEAD' })
      expect([admitted.status, admitted.text]).toEqual([200, ''])
      const refused = await send('/me', { method: 'HEAD' })
      expect([refused.status, refused.text]).toEqual([401, ''])
      expect(refused.headers['www-authenticate']).toBe(realm)
    })

    test.each(['POST', 'OPTIONS'])('%s is guarded too', async (method) => {
      const sent = { method, fields: [json], body: '{}' }
      expect((await send('/me', sent)).status).toBe(401)
      expect((await sendToken('/me', undefined, sent)).json()).toEqual({ user: 'alice' })
    })
  })

  describe('the place of a token', () => {
    test('a token in the URL is not read, and the log has the reason', async () => {
      const response = await send(`/me?access_token=${await sign()}`)
      expect([response.status, response.headers['www-authenticate']]).toEqual([401, realm])
      expect(logged()).toMatchObject([{ hint: expect.stringContaining('URL') as string }])
    })

    test('a token in a form is not read', async () => {
      const body = `access_token=${await sign()}`
      const response = await send('/me', { method: 'POST', fields: [form], body })
      expect([response.status, response.headers['www-authenticate']]).toEqual([401, realm])
    })

    test.each([
      ['the URL', '/me?access_token=x', {}],
      ['the URL, with an encoded name', '/me?a=1&access%5Ftoken=x', {}],
      ['a form', '/me', { method: 'POST', fields: [form], body: 'a=1&access_token=x' }],
      ['a form of any spelling', '/me', formOf('Application/X-WWW-Form-URLencoded; charset=utf-8')],
    ])('in the header and in %s: 400', async (_name, path, sent) => {
      const response = await sendToken(path, undefined, sent)
      expect(response.json()).toMatchObject({
        status: 400,
        detail: 'The request has more than one token',
        code: 'CW_REQUEST_AMBIGUOUS',
      })
      expect(response.headers['www-authenticate']).toBe(ambiguous)
      expect(logged()).toMatchObject([{ code: 'CW_REQUEST_AMBIGUOUS' }])
    })

    test.each([
      ['two joined by a comma', (token: string) => [bearer(`${token}, Bearer ${token}`)]],
      ['two joined by a comma, the scheme once', (token: string) => [bearer(`${token},${token}`)]],
      ['two fields', (token: string) => [bearer(token), ['AUTHORIZATION', 'Bearer x'] as const]],
      ['two equal fields', (token: string) => [bearer(token), bearer(token)]],
    ])('%s: 400', async (_name, fields) => {
      const response = await send('/me', { fields: fields(await sign()) })
      expect([response.status, response.headers['www-authenticate']]).toEqual([400, ambiguous])
    })

    test('JSON with a member of that name belongs to the application', async () => {
      const sent = { method: 'POST', fields: [json], body: '{"access_token":"x"}' }
      expect((await sendToken('/me', undefined, sent)).json()).toEqual({ user: 'alice' })
    })

    test('the handler receives a form whole, small or large', async () => {
      const small = { method: 'POST', fields: [form], body: 'title=a+%C3%A9' }
      expect((await sendToken('/form', undefined, small)).json()).toEqual({ title: 'a é' })
      const title = 'x'.repeat(80 * 1024)
      const large = { ...small, body: `title=${title}` }
      expect((await sendToken('/form', undefined, large)).json()).toEqual({ title })
    })
  })

  test('an unexpected error of a handler: 500, and its message is not sent', async () => {
    const response = await sendToken('/throws')
    expect(response.status).toBe(500)
    expect(response.text).not.toContain(canary)
    if (driver.answersErrors) {
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(response.json()).toMatchObject({ detail: 'Internal error', code: 'HTTP_500' })
      expect(logged()).toMatchObject([{ level: 'error', code: 'HTTP_500' }])
    }
  })

  test('no log line and no response has a token or a claim’s value, except issuer and audience in the log', async () => {
    const answers: unknown[] = []
    const changes = [
      {},
      { aud: secret },
      { iss: secret },
      { typ: secret },
      { exp: secret },
      { sub: 7 },
      { cnf: secret },
      { azp: secret },
      { acr: secret },
    ]
    const paths = ['/me', '/auditor', '/read', '/step-up', '/anyone', `/me?access_token=${secret}`]
    for (const change of changes)
      for (const path of paths) {
        const token = await sign(change)
        const { headers, text } = await sendToken(path, token)
        answers.push(headers, text)
        const lines = logged().map((entry) =>
          ['CW_TOKEN_ISSUER', 'CW_TOKEN_AUDIENCE'].includes(entry.code) ? { ...entry, message: '' } : entry,
        )
        const everything = JSON.stringify([answers.splice(0), lines])
        for (const part of [secret, ...token.split('.')]) expect(everything).not.toContain(part)
      }
    const codes = new Set(logged().map(({ code }) => code))
    expect([...codes]).toEqual(
      expect.arrayContaining(['CW_TOKEN_AUDIENCE', 'CW_TOKEN_ISSUER', 'CW_FORBIDDEN']),
    )
  })
}

const json = ['content-type', 'application/json'] as const

function formOf(contentType: string) {
  return { method: 'POST', fields: [['Content-Type', contentType]] as const, body: 'access_token=' }
}
