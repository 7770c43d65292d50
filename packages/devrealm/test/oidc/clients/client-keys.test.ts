import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Client } from '../../../src/model/index.ts'
import { clientKeys } from '../../../src/oidc/clients/client-keys.ts'

const server = createServer((_request, response) => {
  // A reader without a limit would find the key.
  response.end(`{"keys":[{"kty":"EC"}],"more":"${'x'.repeat(1024 * 1024)}"}`)
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  server.close()
  server.closeAllConnections()
})

it('limits the size of a JWKS response', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const client = { attributes: { 'use.jwks.url': 'true', 'jwks.url': url } }
  expect(await clientKeys(client as unknown as Client, 0, () => true)).toEqual([])
})
