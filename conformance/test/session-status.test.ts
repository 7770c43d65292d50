import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mediaType } from '../src/expect.ts'
import { type Reply, send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const redirectUris = ['https://spa.example/*']
beforeAll(async () => {
  await realm.addClient({ clientId: 'of-redirects', redirectUris, webOrigins: ['+'] })
  await realm.addClient({ clientId: 'of-anyone', redirectUris, webOrigins: ['*'] })
  await realm.addClient({ clientId: 'of-nobody', redirectUris, webOrigins: [] })
  await realm.addClient({ clientId: 'disabled', enabled: false })
  await realm.addClient({ clientId: 'service', standardFlowEnabled: false })
})

const pages = ['3p-cookies/step1.html', '3p-cookies/step2.html', 'login-status-iframe.html']
const headersOf = ({ headers }: Reply, ...names: string[]) => names.map((name) => headers.get(name))

describe('the pages for hidden frames', () => {
  it.each(pages)('%s may be framed by every site', async (path) => {
    const reply = await send(`${realm.oidc}/${path}`, { headers: { origin: 'https://x.example' } })
    expect([reply.status, mediaType(reply)]).toEqual([200, 'text/html'])
    expect(
      headersOf(
        reply,
        'x-frame-options',
        'content-security-policy',
        'cache-control',
        'access-control-allow-origin',
        'x-content-type-options',
      ),
    ).toEqual([
      null,
      "frame-src 'self'; object-src 'none';",
      'no-cache, must-revalidate, no-transform, no-store',
      null,
      'nosniff',
    ])
  })

  it.each(pages)('%s has no other version', async (path) => {
    const { status, text } = await send(`${realm.oidc}/${path}?version=1`)
    expect([status, text]).toEqual([404, ''])
  })

  it.each(pages)('%s is read-only', async (path) => {
    const url = `${realm.oidc}/${path}`
    expect((await send(url, { method: 'HEAD' })).status).toBe(200)
    const options = await send(url, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([200, 'HEAD, GET, OPTIONS'])
    const posted = await send(url, { method: 'POST' })
    expect([posted.status, posted.text]).toEqual([405, '{"error":"HTTP 405 Method Not Allowed"}'])
  })

  it.each(pages)('%s of an unknown realm is not found', async (path) => {
    const reply = await send(`${realm.target.server}/realms/no-such-realm/protocol/openid-connect/${path}`)
    expect([reply.status, reply.text]).toEqual([404, '{"error":"Realm does not exist"}'])
    expect(reply.headers.get('x-frame-options')).toBe('SAMEORIGIN')
  })
})

describe('who may ask whether the session has changed', () => {
  const ask = (query: Record<string, string>) =>
    send(`${realm.oidc}/login-status-iframe.html/init?${new URLSearchParams(query)}`)
  const own = new URL(realm.target.server).origin

  it.each([
    ['a web origin of the client', 'app', 'https://app.example', 204],
    ['the origin of a redirect URI', 'of-redirects', 'https://spa.example', 204],
    ['any origin', 'of-anyone', 'https://x.example', 204],
    ['the server itself', 'of-nobody', own, 204],
    ['a client without a browser login', 'service', 'https://app.example', 204],
    ['another origin', 'app', 'https://evil.example', 403],
    ['an origin with a slash', 'app', 'https://app.example/', 403],
    ['an origin in capitals', 'app', 'HTTPS://app.example', 403],
    ['an empty origin', 'app', '', 403],
    ['a redirect URI without its origin', 'of-nobody', 'https://spa.example', 403],
    ['a disabled client', 'disabled', 'https://app.example', 403],
    ['an unknown client', 'nobody', 'https://app.example', 403],
    ['the server itself for an unknown client', 'nobody', own, 403],
  ])('%s: %s, %s', async (_, client, origin, status) => {
    const reply = await ask({ client_id: client, origin })
    expect([reply.status, reply.text]).toEqual([status, ''])
    expect(headersOf(reply, 'x-frame-options', 'content-security-policy')).toEqual([null, null])
  })

  it.each([{}, { client_id: 'app' }, { origin: 'https://app.example' }])('missing: %j', async (query) => {
    expect((await ask(query as Record<string, string>)).status).toBe(403)
  })
})
