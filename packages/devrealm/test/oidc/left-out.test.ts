import { afterAll, beforeAll, expect, it } from 'vitest'
import type { DevRealm } from '../../src/index.ts'
import { Browser, openDemo } from '../support.ts'

let devRealm: DevRealm
let browser: Browser
beforeAll(async () => {
  devRealm = await openDemo()
  browser = new Browser(devRealm)
})
afterAll(() => devRealm.close())

const advice = 'not in the embedded realm; use the real Keycloak'

it.each([
  'protocol/openid-connect/ext/ciba/auth',
  'clients-registrations/openid-connect',
  'clients-registrations/default/some-client',
  'protocol/saml',
  'protocol/saml/descriptor',
  '.well-known/uma2-configuration',
  'authz/protection/resource_set',
])('%s says that it is not here', async (path) => {
  const reply = await browser.send(`/realms/demo/${path}`)
  expect(reply.status).toBe(501)
  expect(reply.json()['error']).toBe('not_implemented')
  expect(reply.json()['error_description']).toContain(advice)
})

it.each([
  'urn:openid:params:grant-type:ciba',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'urn:ietf:params:oauth:grant-type:uma-ticket',
])('the grant %s says that it is not here', async (grant_type) => {
  const reply = await browser.send('/realms/demo/protocol/openid-connect/token', {
    client_id: 'app',
    client_secret: 'app-secret',
    grant_type,
  })
  expect([reply.status, reply.json()]).toEqual([
    400,
    { error: 'unsupported_grant_type', error_description: `The grant type ${grant_type}: ${advice}` },
  ])
})

it.each(['jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt'])(
  'the response mode %s says that it is not here',
  async (response_mode) => {
    const redirect_uri = 'http://localhost:8000/callback'
    const query = new URLSearchParams({
      client_id: 'app',
      response_type: 'code',
      redirect_uri,
      response_mode,
    })
    const reply = await browser.send(`/realms/demo/protocol/openid-connect/auth?${query.toString()}`)
    expect(reply.status).toBe(302)
    expect(reply.location().searchParams.get('error_description')).toBe(
      `The response_mode ${response_mode} is ${advice}`,
    )
  },
)
