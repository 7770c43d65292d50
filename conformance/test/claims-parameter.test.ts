import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from '../src/browser.ts'
import { errorPage, loginPage, seenOn } from '../src/expect.ts'
import { exchange, granted } from '../src/grants.ts'
import type { Json } from '../src/http.ts'
import { send } from '../src/http.ts'
import { appSecret, callbackUrl, openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
afterAll(() => realm.close())
const levels = { 'acr.loa.map': JSON.stringify({ silver: 1, gold: 2 }) }
beforeAll(async () => {
  await realm.addUser('ann')
  await realm.addClient({ clientId: 'levels', attributes: levels })
  await realm.addClient({ clientId: 'default', attributes: { ...levels, 'default.acr.values': 'silver' } })
})

/** The claims of the ID token of a login. */
const idTokenOf = async (parameters: Record<string, string>, browser?: Browser): Promise<Json> => {
  const url = realm.authUrl(parameters)
  const page =
    browser === undefined ? await realm.browser().login(url, 'ann', 'ann') : await browser.open(url)
  const code = page.location().searchParams.get('code') ?? ''
  const { client_id = 'app' } = parameters
  return decode(granted(await exchange(realm, code, { client_id })).id_token).claims
}
const acrClaim = (essential: boolean, ...values: string[]): string =>
  JSON.stringify({ id_token: { acr: { essential, values } } })
const invalid = errorPage(400, 'Invalid parameter: claims')
const open = (parameters: Record<string, string>) => realm.browser().open(realm.authUrl(parameters))

describe('the claims parameter', () => {
  it('adds no claim to the ID token, and checks no value', async () => {
    const claims = JSON.stringify({
      id_token: { phone_number: { essential: true }, sub: { value: 'someone' } },
      userinfo: { nope: null },
    })
    const names = Object.keys(await idTokenOf({}))
    expect(Object.keys(await idTokenOf({ claims }))).toEqual(names)
  })

  it.each(['abc', '[]', '5', '{"id_token":"x"}', '{"id_token":{"acr":"x"}}', '{"other":{}}'])(
    'is ignored if it is %s',
    async (claims) => {
      expect(seenOn(await open({ claims }))).toEqual(loginPage())
    },
  )

  it.each<[string, string, boolean]>([
    ['app', acrClaim(true, '1'), true],
    ['app', acrClaim(true, '9', '1'), true],
    ['app', acrClaim(true, 'gold'), false],
    ['app', acrClaim(true, 'gold', '1'), false],
    ['app', acrClaim(true, '1', 'gold'), false],
    ['app', acrClaim(false, 'gold'), true],
    ['app', '{"id_token":{"acr":{"essential":true}}}', true],
    ['app', '{"id_token":{"acr":{"essential":true,"value":"gold"}}}', false],
    ['app', '{"userinfo":{"acr":{"essential":true,"values":["gold"]}}}', true],
    ['levels', acrClaim(true, 'gold'), true],
    ['levels', acrClaim(true, 'other'), false],
  ])('of the client %s: %s', async (client_id, claims, isTaken) => {
    expect(seenOn(await open({ client_id, claims }))).toEqual(isTaken ? loginPage() : invalid)
  })

  it('is checked when a pushed request is opened', async () => {
    const form = {
      client_id: 'app',
      client_secret: appSecret,
      response_type: 'code',
      redirect_uri: callbackUrl,
      claims: acrClaim(true, 'gold'),
    }
    const reply = await send(`${realm.oidc}/ext/par/request`, { form })
    expect(reply.status).toBe(201)
    const { request_uri } = reply.json()
    const url = `${realm.oidc}/auth?${new URLSearchParams({ client_id: 'app', request_uri })}`
    expect(seenOn(await realm.browser().open(url))).toEqual(invalid)
  })
})

describe('the acr of the ID token', () => {
  it.each<[string, Record<string, string>, string]>([
    ['app', {}, '1'],
    ['app', { claims: acrClaim(true, '0') }, '1'],
    ['app', { claims: acrClaim(true, '2') }, '1'],
    ['app', { acr_values: 'gold' }, '1'],
    ['levels', {}, 'silver'],
    ['levels', { claims: acrClaim(true, '0') }, '0'],
    ['levels', { claims: acrClaim(true, '1') }, '1'],
    ['levels', { claims: acrClaim(true, 'gold') }, 'silver'],
    ['levels', { claims: acrClaim(false, '9', '1') }, '1'],
    ['levels', { claims: acrClaim(false, 'other') }, 'silver'],
    ['levels', { acr_values: 'gold' }, 'silver'],
    ['levels', { acr_values: '1' }, '1'],
    ['levels', { acr_values: '0 1' }, '1'],
    ['levels', { acr_values: '0', claims: acrClaim(false, 'silver') }, 'silver'],
    ['default', {}, 'silver'],
  ])('of the client %s for %j', async (client_id, parameters, acr) => {
    expect((await idTokenOf({ client_id, ...parameters })).acr).toBe(acr)
  })

  it('is 0 in a browser that is signed in already', async () => {
    const browser = realm.browser()
    await browser.login(realm.authUrl(), 'ann', 'ann')
    expect((await idTokenOf({ client_id: 'levels' }, browser)).acr).toBe('0')
  })

  it('uses the mapping of the realm', async () => {
    const other = await openRealm({ attributes: { 'acr.loa.map': JSON.stringify({ bronze: 1 }) } })
    try {
      await other.addUser('ann')
      const page = await other.browser().login(other.authUrl(), 'ann', 'ann')
      const reply = await exchange(other, page.location().searchParams.get('code') ?? '')
      expect(decode(granted(reply).id_token).claims.acr).toBe('bronze')
    } finally {
      await other.close()
    }
  })
})
