import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { allOf, CloakwrightError, createVerifier, not, type Policy, user, type Verifier } from 'cloakwright'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type Admission,
  createGuard,
  frameworkOfNode,
  fromIncoming,
  fromWebRequest,
  readForm,
} from '../../src/guard/index.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'

const key = makeKey('one', 'ES256')
let issuer: TestIssuer
let verifier: Verifier
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
})
beforeEach(() => {
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
})
afterAll(() => issuer.close())

async function admit(token: string, policy: Policy, scheme = 'Bearer'): Promise<Admission> {
  const request = new Request('https://api.example.com/', {
    headers: { authorization: `${scheme} ${token}` },
  })
  return await createGuard({ verifier }).admit(
    fromWebRequest(request, request, { form: readForm, id: () => undefined }),
    { policy, anonymous: false },
  )
}

function outcomeOf(admission: Admission): string {
  return admission.kind === 'refused' ? admission.log.code : admission.kind
}

// Async functions return native promises, which are not instances of a replaced Promise class.
describe('an application that has replaced the global Promise', () => {
  const native = globalThis.Promise
  class Replaced<T> extends native<T> {}

  const bound = { typ: 'DPoP', cnf: { jkt: 'A'.repeat(43) } }
  const later: Policy = { description: 'later', evaluate: async () => ({ allowed: true }) }
  test.each<[string, () => Promise<string>, Policy, string]>([
    ['a token', () => signClaims(key, claimsOf(issuer.issuer)), user(), 'admitted'],
    [
      'a forged token',
      () => signClaims(makeKey('one', 'ES256'), claimsOf(issuer.issuer)),
      user(),
      'CW_TOKEN_SIGNATURE',
    ],
    [
      'a token of an unknown key',
      () => signClaims(makeKey('two', 'ES256'), claimsOf(issuer.issuer)),
      user(),
      'CW_TOKEN_KEY_UNKNOWN',
    ],
    [
      'a bound token without its proof',
      () => signClaims(key, claimsOf(issuer.issuer, bound)),
      user(),
      'CW_TOKEN_BOUND',
    ],
    [
      'what a policy excludes later',
      () => signClaims(key, claimsOf(issuer.issuer)),
      allOf(user(), not(later)),
      'CW_FORBIDDEN',
    ],
  ])('%s', async (_name, make, policy, expected) => {
    const token = await make()
    globalThis.Promise = Replaced as PromiseConstructor
    try {
      expect(outcomeOf(await admit(token, policy))).toBe(expected)
    } finally {
      globalThis.Promise = native
    }
  })
})

test('a bearer token with the scheme DPoP is refused, new and cached, and admitted with its own scheme', async () => {
  const dpop = { publicUrl: 'https://api.example.com' }
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop })
  const token = await signClaims(key, claimsOf(issuer.issuer))
  for (const scheme of ['DPoP', 'Bearer', 'DPoP'])
    expect(outcomeOf(await admit(token, user(), scheme))).toBe(
      scheme === 'DPoP' ? 'CW_PROOF_INVALID' : 'admitted',
    )
})

test('two DPoP headers are refused, even if the first alone would be valid', async () => {
  const dpop = { publicUrl: 'https://api.example.com' }
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop })
  const client = makeKey('client', 'ES256')
  const jwk = client.publicKey.export({ format: 'jwk' }) as JWK
  const cnf = { jkt: await calculateJwkThumbprint(jwk) }
  const token = await signClaims(key, claimsOf(issuer.issuer, { typ: 'DPoP', cnf }))
  const proof = async (): Promise<string> => {
    const ath = createHash('sha256').update(token).digest('base64url')
    const claims = {
      htm: 'GET',
      htu: 'https://api.example.com/',
      ath,
      iat: Date.now() / 1000,
      jti: randomUUID(),
    }
    return await signClaims(client, claims, { typ: 'dpop+jwt', jwk, kid: undefined })
  }
  for (const [proofs, expected] of [
    [[await proof()], 'admitted'],
    [[await proof(), await proof()], 'CW_PROOF_INVALID'],
  ] as const) {
    const rawHeaders = ['Authorization', `DPoP ${token}`, ...proofs.flatMap((one) => ['DPoP', one])]
    const incoming = { method: 'GET', url: '/', rawHeaders } as unknown as IncomingMessage & {
      body?: unknown
    }
    const request = fromIncoming(incoming, incoming, frameworkOfNode)
    expect(
      outcomeOf(await createGuard({ verifier }).admit(request, { policy: user(), anonymous: false })),
    ).toBe(expected)
  }
})

// With defaults for these, a wrong adapter compiled: forms and request ids were not read.
test('an adapter without form and id does not compile', () => {
  const request = new Request('https://api.example.com/')
  // @ts-expect-error -- no framework
  const callers = [() => fromIncoming({} as IncomingMessage, {}), () => fromWebRequest(request, request)]
  // @ts-expect-error -- no id
  callers.push(() => fromWebRequest(request, request, { form: readForm }))
  // @ts-expect-error -- what is not known of a framework
  callers.push(() => fromIncoming({} as IncomingMessage, {}, { ...frameworkOfNode, body: {} }))
  expect(callers).toHaveLength(4)
})

test.each([
  ['a refusal', 'CW_TOKEN_EXPIRED', true],
  ['an outage', 'CW_KEYS_UNAVAILABLE', false],
  ['a mistake of the service', 'CW_CONFIG_MISSING', false],
] as const)('of %s a client in development learns the reason or not', (_name, code, isExplained) => {
  const error = new CloakwrightError(code, 'the reason', { hint: 'the fix' })
  for (const explain of [true, false]) {
    const request = new Request('https://api.example.com')
    const guarded = fromWebRequest(request, request, { form: readForm, id: () => 'id' })
    const { answer } = createGuard({ verifier, explain }).refuse(error, guarded)
    const shown = explain && isExplained
    expect(JSON.parse(answer.body)['reason']).toBe(shown ? 'the reason' : undefined)
    expect(answer.body.includes('the fix')).toBe(shown)
  }
})

// An HTTP client's error has the status of the service that the policy called, and its URL in the message.
test.each([
  ['a plain error', new Error('CANARY at http://internal'), 500],
  ['an error with a foreign status', Object.assign(new Error('CANARY'), { status: 404 }), 500],
  [
    'an error that says it is for clients',
    Object.assign(new Error('No order'), { statusCode: 404, expose: true }),
    404,
  ],
])('a policy that throws %s', async (_name, error, status) => {
  const policy: Policy = {
    description: 'the owner',
    evaluate: () => {
      throw error
    },
  }
  const token = await signClaims(key, claimsOf(issuer.issuer))
  for (const each of [policy, { ...policy, evaluate: () => Promise.reject(error) }]) {
    const admission = await admit(token, each)
    if (admission.kind !== 'refused') expect.unreachable()
    expect(admission.answer.status).toBe(status)
    expect(admission.answer.body).not.toContain('CANARY')
  }
})
