import { createVerifier, role } from 'cloakwright'
import { cloakwright } from 'cloakwright/web'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { testBehaviour } from './behaviour.ts'
import { webDriver } from './drivers/web.ts'

testBehaviour(webDriver)

// Behaviour of the web adapter only.

const key = makeKey('one', 'ES256')
let issuer: TestIssuer
let token: string
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await signClaims(key, claimsOf(issuer.issuer))
})
afterAll(() => issuer.close())

const url = 'https://api.example.com/me'
const verifier = () => createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
const requestOf = (init: RequestInit = {}, headers: Record<string, string> = {}): Request =>
  new Request(url, { ...init, headers: { authorization: `Bearer ${token}`, ...headers } })

test('a handler receives the runtime’s other arguments', async () => {
  const protect = cloakwright({ verifier: verifier() })
  const get = protect((_request, user, { params }: { readonly params: { readonly id: string } }) =>
    Response.json({ user: user.username, id: params.id }),
  )
  const response = await get(requestOf(), { params: { id: '7' } })
  expect(await response.json()).toEqual({ user: 'alice', id: '7' })
})

test('a handler may declare the runtime’s own type of request', async () => {
  class RuntimeRequest extends Request {
    readonly nextUrl = new URL(this.url)
  }
  const protect = cloakwright({ verifier: verifier() })
  const get = protect((request: RuntimeRequest, user, { id }: { readonly id: string }) =>
    Response.json({ path: request.nextUrl.pathname, user: user.username, id }),
  )
  const open = protect.anonymous((request: RuntimeRequest) => Response.json(request.nextUrl.pathname))
  const headers = { authorization: `Bearer ${token}` }
  const response = await get(new RuntimeRequest(url, { headers }), { id: '7' })
  expect(await response.json()).toEqual({ path: '/me', user: 'alice', id: '7' })
  expect(await (await open(new RuntimeRequest(url))).json()).toBe('/me')
  // @ts-expect-error: the runtime must bring what the handler asks for.
  const wrong: (request: Request) => Promise<Response> = open
  expect(wrong).toBe(open)
})

test('an error of the handler is passed on to the runtime', async () => {
  const failed = new Error('of the handler')
  const protect = cloakwright({ verifier: verifier() })
  const get = protect((): Response => {
    throw failed
  }, role('admin'))
  await expect(get(requestOf())).rejects.toBe(failed)
  expect(protect.problem(failed, requestOf()).status).toBe(500)
})

test('a fresh nonce is added to a response with immutable headers', async () => {
  const proofKey = await makeProofKey()
  const dpop = { publicUrl: 'https://api.example.com', nonceKeys: [Buffer.alloc(32, 7)] }
  const protect = cloakwright({
    verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop }),
  })
  const bound = await signClaims(key, claimsOf(issuer.issuer, { typ: 'DPoP', cnf: { jkt: proofKey.jkt } }))
  const get = protect(() => Response.redirect('https://api.example.com/other', 302))
  const withProof = async (claims: Record<string, unknown>): Promise<Response> => {
    const proof = await signProof(proofKey, { method: 'GET', uri: url, accessToken: bound }, { claims })
    return get(new Request(url, { headers: { authorization: `DPoP ${bound}`, dpop: proof } }))
  }
  const nonce = (await withProof({})).headers.get('dpop-nonce')
  const response = await withProof({ nonce })
  expect([response.status, response.headers.get('location')]).toEqual([302, 'https://api.example.com/other'])
  expect(response.headers.get('dpop-nonce')).toMatch(/^[\w-]{43}$/)
})

describe('a form', () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }

  test('is passed whole to the handler, and only the beginning of a large one is checked', async () => {
    let pulled = 0
    const chunk = new TextEncoder().encode('x'.repeat(16 * 1024))
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        if (pulled > 1000) controller.close()
        else controller.enqueue(chunk)
      },
    })
    let pulledAtFirst = 0
    const protect = cloakwright({ verifier: verifier() })
    const handler = protect(async (request) => {
      pulledAtFirst = pulled
      return Response.json((await request.text()).length)
    })
    const response = await handler(requestOf({ method: 'POST', body, duplex: 'half' }, headers))
    expect(await response.json()).toBe(1000 * 16 * 1024)
    expect(pulledAtFirst).toBeLessThan(20)
  })

  test('that breaks off fails in the handler', async () => {
    const body = new ReadableStream({
      start: (controller) => controller.error(new Error('the client went away')),
    })
    const protect = cloakwright({ verifier: verifier() })
    const post = protect(async (request) => new Response(await request.text()))
    await expect(post(requestOf({ method: 'POST', body, duplex: 'half' }, headers))).rejects.toThrow(
      'went away',
    )
  })

  test('that was read before is not read again', async () => {
    const request = requestOf({ method: 'POST', body: 'title=a' }, headers)
    await request.text()
    const protect = cloakwright({ verifier: verifier() })
    expect((await protect(() => new Response('ok'))(request)).status).toBe(200)
  })
})

test('without a configured resource there is no metadata', () => {
  expect(cloakwright({ verifier: verifier() }).metadata().status).toBe(404)
})
