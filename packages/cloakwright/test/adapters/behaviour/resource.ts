import { describe, expect, test } from 'vitest'
import type { Driver } from '../drivers/types.ts'
import { useWorld } from './world.ts'

const wellKnown = '/.well-known/oauth-protected-resource'

/** The service's metadata (RFC 9728), and its name in challenges. */
export function testResource(driver: Driver): void {
  describe.each([
    ['an origin', 'https://api.example.com', wellKnown],
    ['an origin with a slash', 'https://api.example.com/', wellKnown],
    ['an origin with a path', 'https://api.example.com/shop/v1', `${wellKnown}/shop/v1`],
  ])('the metadata of %s', (_name, resource, path) => {
    const world = useWorld(driver, () => ({
      guard: { resource: { resource, scopes: ['read', 'write'], name: 'Shop' } },
    }))

    test('is published, for scripts of every origin', async () => {
      for (const sent of [{}, { fields: [['origin', 'https://app.example.org'] as const] }]) {
        const response = await world.send(path, sent)
        expect(response.status).toBe(200)
        expect(response.headers['content-type']).toMatch(/^application\/json/)
        expect(response.headers['access-control-allow-origin']).toBe('*')
        expect(response.json()).toEqual({
          resource,
          authorization_servers: [world.issuer.issuer],
          bearer_methods_supported: ['header'],
          scopes_supported: ['read', 'write'],
          resource_name: 'Shop',
        })
      }
      const head = await world.send(path, { method: 'HEAD' })
      expect([head.status, head.text]).toEqual([200, ''])
    })

    test('is published for clients in browsers, which ask first', async () => {
      const fields = [
        ['origin', 'https://app.example.org'],
        ['access-control-request-method', 'GET'],
        ['access-control-request-headers', 'mcp-protocol-version'],
      ] as const
      const { status, headers, text } = await world.send(path, { method: 'OPTIONS', fields })
      expect([status, text]).toEqual([204, ''])
      expect(headers).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-allow-headers': '*',
        'access-control-allow-methods': 'GET, HEAD',
      })
      expect(headers['access-control-allow-credentials']).toBeUndefined()
      expect((await world.send(path, { method: 'POST' })).status).toBeOneOf([404, 405])
    })

    test('is linked in every challenge', async () => {
      const pointer = `resource_metadata="https://api.example.com${path}"`
      for (const [at, token] of [
        ['/me', undefined],
        ['/me', 'x'],
        ['/read', await world.sign()],
        ['/step-up', await world.sign()],
      ] as const) {
        const { headers } = token === undefined ? await world.send(at) : await world.sendToken(at, token)
        expect(headers['www-authenticate']).toContain(pointer)
      }
    })
  })

  describe.each(['a"b\r\nX-Evil: 1', 'Süd\\', '\u0000'])('a realm named %j', (realm) => {
    const world = useWorld(driver, () => ({ guard: { realm } }))

    test('cannot break the challenge', async () => {
      const { status, headers } = await world.send('/me')
      expect(status).toBe(401)
      expect(headers['www-authenticate']).toMatch(/^Bearer realm="[^"\\\r\n]*"$/)
      expect(headers['x-evil']).toBeUndefined()
    })
  })
}
