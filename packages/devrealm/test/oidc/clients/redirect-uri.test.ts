import { describe, expect, it } from 'vitest'
import { newClient } from '../../../src/defaults/new-realm.ts'
import { resolveRedirectUri } from '../../../src/oidc/clients/redirect-uri.ts'

const base = 'http://localhost:8080'
const client = newClient('app', { redirectUris: ['http://localhost:8000/cb', 'http://localhost:8000/app/*'] })
const anywhere = newClient('open', { redirectUris: ['*'] })

describe('a redirect URI', () => {
  it.each([
    'http://localhost:8000/cb',
    'http://localhost:8000/app',
    'http://localhost:8000/app/x?y=1',
    'http://localhost:8000/app/./x',
    'http://localhost:8000/app/a..b',
    'http://localhost:8000/app/?u=http://evil/../..',
    'http://localhost:8000/app/é',
  ])('is accepted if it is registered: %s', (uri) => {
    expect(resolveRedirectUri(client, uri, base, true)).toBe(uri)
  })

  it.each([
    'http://localhost:8000/cb/',
    'http://localhost:8000/CB',
    'http://localhost:8000/cb?a=b',
    'http://localhost:8000/cb#f',
    'http://LOCALHOST:8000/app/x',
    'HTTP://localhost:8000/app/x',
    'http://localhost:8001/app/x',
    'http://localhost:8000/appx',
    'http://127.0.0.1:8000/cb',
    'http://localhost:8000@evil.example/app/x',
    'http://u:p@localhost:8000/app/x',
    'http://localhost:8000/app/..',
    'http://localhost:8000/app/../evil',
    'http://localhost:8000/app/%2e%2e/evil',
    'http://localhost:8000/app/%252e%252e/evil',
    'http://localhost:8000/app/..%5cevil',
    'http://localhost:8000/app/..;/evil',
    'http://localhost:8000/app/x/%2e%2e%2fy',
    'http://localhost:8000/app/\\evil',
    'http://localhost:8000/app/x y',
    'http://localhost:8000/app/x\n',
    'http://localhost:8000/app/"<x>',
    'http://localhost:8000/app/x?code=stolen',
    'javascript:alert(1)',
    '//evil.example/app/x',
    '/cb',
    '',
  ])('is rejected: %j', (uri) => {
    expect(resolveRedirectUri(client, uri, base, true)).toBeUndefined()
  })

  it.each([
    'javascript:alert(1)',
    'JavaScript:x',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc',
    'myapp:/cb',
  ])('never has a script or non-web scheme, whatever is registered: %s', (uri) => {
    expect(resolveRedirectUri(anywhere, uri, base, true)).toBeUndefined()
  })

  it('can be left out if only one is registered', () => {
    const one = newClient('one', { redirectUris: ['http://localhost:9000/*'] })
    expect(resolveRedirectUri(one, undefined, base, false)).toBe('http://localhost:9000')
    expect(resolveRedirectUri(one, undefined, base, true)).toBeUndefined()
    expect(resolveRedirectUri(client, undefined, base, false)).toBeUndefined()
  })
})
