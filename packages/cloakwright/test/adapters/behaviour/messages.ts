import { createHmac } from 'node:crypto'
import { createVerifier, type IssuerOptions, realmsOf } from 'cloakwright'
import { describe, expect, test } from 'vitest'
import { claimsOf } from '../../support/issuer.ts'
import type { Driver } from '../drivers/types.ts'
import { useWorld, type World } from './world.ts'

const elsewhere = 'http://keycloak:8080/realms/shop'
/** A realm name that would erase a terminal's output before it and reverse the rest. */
const hostile = `https://sso.example.com/realms/\u001b[2J\u202e"x\n`
const listed: readonly IssuerOptions[] = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'].map(
  (realm) => ({ issuer: `https://sso.example.com/realms/${realm}`, audience: 'shop-api' }),
)

function byHmac(issuer: string, typ: string): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${encode({ alg: 'HS512', typ: 'JWT', kid: 'x' })}.${encode(claimsOf(issuer, { typ }))}`
  return `${input}.${createHmac('sha512', 'secret').update(input).digest('base64url')}`
}

type Case = [
  name: string,
  make: (world: World) => string | Promise<string>,
  told: (issuer: string) => readonly string[],
  path?: string,
]

/** Mistakes of clients and of the service's configuration: the log has the details, and if refusals are explained, so does the response. */
const mistakes: Case[] = [
  [
    'a refresh token of Keycloak',
    ({ issuer }) => byHmac(issuer.issuer, 'Refresh'),
    () => ['a refresh token', 'Send the access token, not the refresh token.'],
  ],
  [
    'an offline token of Keycloak',
    ({ issuer }) => byHmac(issuer.issuer, 'Offline'),
    () => ['an offline token', 'Send the access token, not the offline token.'],
  ],
  ['an ID token', ({ sign }) => sign({ typ: 'ID' }), () => ['Send the access token, not the ID token.']],
  [
    'another issuer',
    ({ sign }) => sign({ iss: elsewhere }),
    (issuer) => [`its iss (issuer) is "${elsewhere}", not "${issuer}"`],
  ],
  ['no issuer', ({ sign }) => sign({ iss: undefined }), (issuer) => [`is missing, not "${issuer}"`]],
  [
    'a hostile issuer',
    ({ sign }) => sign({ iss: hostile }),
    () => ['"https://sso.example.com/realms/\\u{1b}[2J\\u{202e}\\"x\\u{a}"'],
  ],
  ['an endless issuer', ({ sign }) => sign({ iss: 'x'.repeat(4000) }), () => [`"${'x'.repeat(200)}…"`]],
  [
    'other audiences',
    ({ sign }) => sign({ aud: ['account', 'pier-api'] }),
    () => ['is "account" and "pier-api", but must include "shop-api"'],
  ],
  [
    'many audiences',
    ({ sign }) => sign({ aud: 'a b c d e f g h'.split(' ') }),
    () => ['is "a", "b", "c", "d", "e" and 3 more, but'],
  ],
  ['no audience', ({ sign }) => sign({ aud: undefined }), () => ['its aud (audience) is missing']],
  [
    'a role of a client where the realm’s is needed',
    ({ sign }) => sign({ resource_access: { 'shop-web': { roles: ['auditor'] } } }),
    () => ['missing realm role: auditor; the token has "auditor" as a role of client "shop-web"'],
    '/auditor',
  ],
  [
    'a role of the realm and of another client where a client’s is needed',
    ({ sign }) => sign({ realm_access: { roles: ['stock-keeper'] } }),
    () => ['the token has "stock-keeper" as a role of the realm and of client "shop-api"'],
    '/no-stock',
  ],
]

/** The details of a refusal: always in the log, in the response only if the service explains refusals. */
export function testMessages(driver: Driver): void {
  describe.each([false, true])('explained: %s', (explain) => {
    const world = useWorld(driver, () => ({ guard: { explain } }))

    test.each(mistakes)('%s', async (_name, make, told, path = '/me') => {
      const response = await world.sendToken(path, await make(world))
      const { reason, hint } = response.json() as { reason?: string; hint?: string }
      const [entry] = world.logged()
      expect(response.status).toBe(path === '/me' ? 401 : 403)
      for (const text of told(world.issuer.issuer)) {
        expect(`${entry?.message} ${entry?.hint}`).toContain(text)
        if (explain) expect(`${reason} ${hint}`).toContain(text)
        else expect([reason, hint]).toEqual([undefined, undefined])
        expect(response.headers['www-authenticate']).not.toContain(text)
      }
      expect(`${entry?.message}${entry?.hint}`).not.toMatch(/[\p{C}\u2028\u2029]/u)
    })
  })

  describe('for several realms', () => {
    const world = useWorld(driver, () => ({ guard: { verifier: createVerifier({ issuers: listed }) } }))

    test('the log has the issuer of the token and the accepted issuers', async () => {
      expect((await world.sendToken('/me')).json()).toMatchObject({ status: 401, code: 'CW_TOKEN_ISSUER' })
      const [first, second] = listed
      const accepted = `not one of "${first?.issuer}", "${second?.issuer}"`
      expect(world.logged()[0]?.message).toContain(`is "${world.issuer.issuer}", ${accepted}`)
      expect(world.logged()[0]?.message).toContain('and 2 more')
    })
  })

  describe('with a function that returns the realms', () => {
    const resource = { resource: 'https://api.example.com' }
    const metadata = '/.well-known/oauth-protected-resource'
    const other = 'https://sso.example.com/realms/other'

    describe('for one Keycloak', () => {
      const world = useWorld(driver, ({ issuer }) => {
        const server = issuer.slice(0, issuer.indexOf('/realms/'))
        const issuers = realmsOf(server, (realm) => (realm === 'shop' ? { audience: 'shop-api' } : undefined))
        return { guard: { verifier: createVerifier({ issuers }), resource } }
      })

      test('a challenge names its host, and the metadata the issuers in use', async () => {
        const { host, origin } = new URL(world.issuer.issuer)
        expect((await world.send('/me')).headers['www-authenticate']).toContain(`Bearer realm="${host}"`)
        expect((await world.send(metadata)).json()).not.toHaveProperty('authorization_servers')
        expect((await world.sendToken('/me')).status).toBe(200)
        expect((await world.send(metadata)).json()).toMatchObject({
          authorization_servers: [world.issuer.issuer],
        })
        await world.sendToken('/me', await world.sign({ iss: other }))
        expect(world.logged().at(-1)?.message).toContain(
          `is "${other}", which the function \`issuers\` for realms of "${origin}" does not accept; in use: "${world.issuer.issuer}"`,
        )
      })
    })

    describe('any function, and a service that lists its issuers', () => {
      const world = useWorld(driver, () => ({
        guard: {
          verifier: createVerifier({ issuers: () => undefined }),
          resource: { ...resource, authorizationServers: [other] },
        },
      }))

      test('a challenge has a realm, and the metadata the listed issuers', async () => {
        const challenge = (await world.send('/me')).headers['www-authenticate']
        expect(challenge).toContain('Bearer realm="Keycloak"')
        expect((await world.send(metadata)).json()).toMatchObject({ authorization_servers: [other] })
      })
    })
  })
}
