import { describe, expect, test } from 'vitest'
import { canary, type Driver } from '../drivers/types.ts'
import { bearer, send } from './client.ts'
import { unguarded } from './routes.ts'
import { useWorld, type World } from './world.ts'

const realm = 'Bearer realm="shop"'

/** Policies, and the responses to refused users. */
export function testPolicies(driver: Driver): void {
  const { sendToken, send: sendBare, sign, logged } = useWorld(driver)

  test.each([
    ['/admin', 200],
    ['/auditor', 403],
    ['/stock', 200],
    ['/no-stock', 403],
    ['/proto', 403],
    ['/read', 403],
    ['/readall', 200],
    ['/policy', 200],
    ['/later', 200],
    ['/step-up', 401],
    ['/bound', 401],
    ['/anyone', 200],
  ])('%s: %i', async (path, status) => {
    expect((await sendToken(path)).status).toBe(status)
    if (path !== '/anyone') expect((await sendBare(path)).json()).toMatchObject({ code: 'CW_TOKEN_MISSING' })
  })

  test('a missing role: 403 with a challenge without a scope, and the log names the role', async () => {
    const response = await sendToken('/auditor')
    expect(response.json()).toMatchObject({
      status: 403,
      detail: 'Insufficient permissions',
      code: 'CW_FORBIDDEN',
    })
    expect(response.headers['www-authenticate']).toBe(
      `${realm}, error="insufficient_scope", error_description="The access token lacks a required permission"`,
    )
    expect(response.headers['cache-control']).toBe('no-store')
    expect(logged()).toMatchObject([
      { code: 'CW_FORBIDDEN', message: 'Token: missing realm role: auditor', level: 'info' },
    ])
  })

  test('a missing scope: 403 with a challenge that names it', async () => {
    const response = await sendToken('/read')
    expect(response.json()).toMatchObject({
      status: 403,
      detail: 'Insufficient permissions',
      code: 'CW_SCOPE_INSUFFICIENT',
    })
    expect(response.headers['www-authenticate']).toBe(
      `${realm}, error="insufficient_scope", error_description="The access token lacks a required scope", scope="read"`,
    )
  })

  test('a login that is too weak: 401 with a challenge that names the required level', async () => {
    const response = await sendToken('/step-up')
    expect(response.json()).toMatchObject({
      status: 401,
      detail: 'Invalid authentication credentials',
      code: 'CW_STEP_UP_REQUIRED',
    })
    expect(response.headers['www-authenticate']).toBe(
      `${realm}, error="insufficient_user_authentication", error_description="A stronger or more recent login is required", acr_values="gold silver", max_age="300"`,
    )
    expect((await sendToken('/step-up', await sign({ acr: 'gold' }))).status).toBe(200)
  })

  describe('the audience of a route', () => {
    const several = useWorld(driver, () => ({
      verifier: { audience: ['shop-api', 'billing-api'] },
      routes: [
        { path: '/billing', guard: (is) => is.requireAudience('billing-api'), handler: 'user' },
        { path: '/both', guard: (is) => is.requireAudience('billing-api', 'shop-api'), handler: 'user' },
        { path: '/unlisted', guard: (is) => is.requireAudience('other-api'), handler: 'user' },
      ],
    }))

    test.each<[string, unknown, number, number]>([
      ['the route’s', 'billing-api', 200, 401],
      ['all', ['shop-api', 'billing-api', 'account'], 200, 200],
      ['another of the verifier', ['shop-api'], 401, 401],
      ['a part of its name', ['shop-api', 'billing'], 401, 401],
    ])('a token with %s', async (_name, aud, one, both) => {
      const token = await several.sign({ aud })
      expect((await several.sendToken('/billing', token)).status).toBe(one)
      expect((await several.sendToken('/both', token)).status).toBe(both)
      expect((await several.sendToken('/me', token)).status).toBe(200)
    })

    test('a missing audience: 401 with a challenge, and a reason in the log', async () => {
      const response = await several.sendToken('/billing')
      expect(response.json()).toMatchObject({
        status: 401,
        detail: 'Invalid authentication credentials',
        code: 'CW_TOKEN_AUDIENCE',
      })
      expect(response.headers['www-authenticate']).toBe(
        'Bearer realm="shop", error="invalid_token", error_description="The access token is for another audience"',
      )
      expect(several.logged()).toMatchObject([
        {
          level: 'warn',
          message: 'Token: missing audience: billing-api; the token is for "shop-api" and "account"',
        },
      ])
    })

    test('an audience that the verifier does not list is refused if it is the only one', async () => {
      expect((await several.sendToken('/unlisted', await several.sign({ aud: 'other-api' }))).status).toBe(
        401,
      )
      expect((await several.sendToken('/unlisted')).status).toBe(401)
    })
  })

  test('an asynchronous policy', async () => {
    const nobody = await sign({ realm_access: { roles: [] } })
    expect((await sendToken('/later', nobody)).json()).toMatchObject({ status: 403, code: 'CW_FORBIDDEN' })
  })

  test.each(['/fails', '/fails-later', '/says'])('a policy that is broken (%s): 500', async (path) => {
    const response = await sendToken(path)
    expect(response.json()).toMatchObject({ status: 500, detail: 'Internal error', code: 'HTTP_500' })
    expect(response.text).not.toContain(canary)
    expect(response.headers['www-authenticate']).toBeUndefined()
    expect(logged()).toMatchObject([{ level: 'error', code: 'HTTP_500' }])
  })

  describe('with explanations, for development', () => {
    const explained = useWorld(driver, () => ({ guard: { explain: true } }))

    test('the response has the exact reason and the fix', async () => {
      expect((await explained.sendToken('/auditor')).json()).toMatchObject({
        code: 'CW_FORBIDDEN',
        reason: 'Token: missing realm role: auditor',
        hint: 'The policy of the route needs: realm role admin and auditor. A user gets a new role with the next token.',
      })
      expect((await explained.sendToken('/me', 'x')).json()).toMatchObject({
        code: 'CW_TOKEN_MALFORMED',
        reason: expect.stringContaining('three base64url segments') as string,
        hint: expect.stringContaining('token endpoint') as string,
      })
    })

    test('internal errors are not explained, nor anything unless it is configured', async () => {
      expect((await explained.sendToken('/fails')).json()).not.toHaveProperty('reason')
      expect((await sendToken('/auditor')).json()).not.toHaveProperty('reason')
      expect((await sendToken('/auditor')).json()).not.toHaveProperty('hint')
    })
  })

  if (driver.registers) testMistakes(driver, sign)
}

/** Bugs in the program that neither a type nor the start of the service shows. */
function testMistakes(driver: Driver, sign: World['sign']): void {
  describe('a bug in the program', () => {
    const unguardedWorld = useWorld(driver, () => ({ routes: [unguarded] }))

    test('a handler that reads the user of an unguarded route: 500', async () => {
      const response = await unguardedWorld.sendToken('/unguarded')
      expect(response.json()).toMatchObject({ status: 500, code: 'CW_CONFIG_MISSING' })
      expect(unguardedWorld.logged()).toMatchObject([{ code: 'CW_CONFIG_MISSING' }])
    })

    test('a guard without the adapter: 500, and every request is refused', async () => {
      const routes = [
        { path: '/me', guard: (is) => is.requireUser(), handler: 'ok' },
        { path: '/anyone', guard: (is) => is.allowAnonymous(), handler: 'ok' },
      ] satisfies Parameters<Driver['start']>[0]['routes']
      const service = await driver.start({ routes })
      for (const path of ['/me', '/anyone'])
        for (const fields of [[], [bearer(await sign())]]) {
          const response = await send(service, path, { fields })
          expect(response.json()).toMatchObject({ status: 500, code: 'CW_CONFIG_MISSING' })
        }
      await service.close()
    })
  })
}
