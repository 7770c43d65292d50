import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdmin } from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { prove } from '../../src/secret/proof.ts'
import { caught } from '../support/caught.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const servers: Server[] = []
const seenElsewhere: string[] = []
let front: string
let elsewhere: string
let answerToken: Handler
let answerAdmin: Handler

async function listen(handler: Handler): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const json = (response: ServerResponse, body: unknown): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
const redirect =
  (status: number): Handler =>
  ({ url }, response) =>
    response.writeHead(status, { location: `${elsewhere}${url}` }).end()
const admin = () =>
  createAdmin({
    server: front,
    realm: 'shop',
    credentials: { username: 'admin', password: 'canary-login' },
    retries: 0,
  })

beforeAll(async () => {
  front = await listen((request, response) =>
    request.url?.endsWith('/token') || request.url?.endsWith('/introspect')
      ? answerToken(request, response)
      : answerAdmin(request, response),
  )
  elsewhere = await listen((request, response) => {
    seenElsewhere.push(`${request.method} ${request.url}`)
    json(response, [{ id: 'other', username: 'from-the-other-origin' }])
  })
})
beforeEach(() => {
  seenElsewhere.length = 0
  answerToken = (_request, response) => json(response, { access_token: 'canary-token', expires_in: 60 })
})
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

describe.each([301, 302, 303, 307, 308])('a server that redirects with %i', (status) => {
  test.each([
    ['a list', () => admin().client.users.find({ search: 'canary-search' }), 'GET'],
    [
      'a new user with a password',
      () => admin().client.users.create({ username: 'zed', credentials: [{ value: 'canary-password' }] }),
      'POST',
    ],
    [
      'a changed user',
      () => admin().client.users.update({ id: 'some-id' }, { email: 'zed@example.com' }),
      'PUT',
    ],
    ['a deleted user', () => admin().client.users.del({ id: 'some-id' }), 'DELETE'],
  ])('gets no further with %s', async (_, request, method) => {
    answerAdmin = redirect(status)

    const error = await caught(request())

    expect(error.code).toBe('CW_ADMIN_REDIRECTED')
    expect(error.message).toContain(
      `responds with a redirect (${status}) to ${elsewhere}, which is not followed: ${method} /admin/realms/shop/users`,
    )
    expect(error.message).toContain(`at ${front}`)
    expect(`${error.message} ${error.hint}`).not.toContain('canary')
    expect(error.hint).toBe(`If ${elsewhere} is right, set the URL to it. Nothing was sent there.`)
    expect(seenElsewhere).toEqual([])
  })

  test('gets no further with a login', async () => {
    answerToken = redirect(status)

    const error = await caught(admin().client.users.find())

    expect(error.code).toBe('CW_ADMIN_REDIRECTED')
    expect(error.message).toContain(
      `to ${elsewhere}, which is not followed: POST /realms/master/protocol/openid-connect/token at ${front}`,
    )
    expect(seenElsewhere).toEqual([])
  })

  test.each([true, false])(
    'gets no further with the proof of a secret (service account: %s)',
    async (serviceAccountsEnabled) => {
      answerToken = redirect(status)
      const client = { id: 'some-id', clientId: 'shop-api', serviceAccountsEnabled }

      const error = await caught(prove(admin(), client, { secret: 'canary-secret' }, undefined))

      expect(error.code).toBe('CW_ADMIN_REDIRECTED')
      expect(seenElsewhere).toEqual([])
    },
  )
})

describe('an answer without end', () => {
  const endless: Handler = (_request, response) => {
    const part = Buffer.alloc(256 * 1024, 32)
    const more = (): void => {
      while (!response.destroyed && response.write(part)) sent += part.length
    }
    response.on('drain', more)
    more()
  }
  let sent = 0
  beforeEach(() => {
    sent = 0
  })

  test('of the token endpoint is read up to 1 MB', async () => {
    answerToken = endless

    const error = await caught(admin().client.users.find())

    expect(error.code).toBe('CW_ADMIN_FAILED')
    expect(sent).toBeLessThan(16 * 1024 * 1024)
  })
})
