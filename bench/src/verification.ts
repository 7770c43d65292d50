import { type KeyObject, verify } from 'node:crypto'
import { type Algorithm, createVerifier, type Verifier } from 'cloakwright'
import { createVerifier as createFastJwt } from 'fast-jwt'
import { jwtVerify } from 'jose'
import { isSigned } from '../../packages/cloakwright/dist/jws/index.js'
import { toAccessToken } from '../../packages/cloakwright/dist/token/access-token.js'
import { type VerifyAtOnce, verifyAtOnceBy } from '../../packages/cloakwright/dist/token/at-once.js'
import { checkClaims } from '../../packages/cloakwright/dist/token/claims.js'
import { type ParsedToken, parseClaims, parseToken } from '../../packages/cloakwright/dist/token/parse.js'
import type { Verifier as BuiltVerifier } from '../../packages/cloakwright/dist/token/types.js'
import { type BenchRealm, createBenchRealm, type MeasuredAlgorithm } from './realm.ts'
import { bound, boundHead, printTable } from './report.ts'
import { alternate, type Contestant, type Measured } from './rounds.ts'

const algorithms: readonly MeasuredAlgorithm[] = ['RS256', 'ES256', 'EdDSA']
const distinct = 4_000
const slice = 400
const rounds = 60

/**
 * The cost of verifying a new token in this process: all checks and the cache insertion, against the unavoidable minimum,
 * `crypto.verify` and one `JSON.parse` of the payload. Then where the remaining time goes, step by step, and the cost of a
 * known token.
 */
export async function benchVerification(): Promise<boolean> {
  const measured = new Map<string, readonly Measured[]>()
  for (const algorithm of algorithms) {
    process.stderr.write(`${algorithm}: signing ${distinct} tokens, then ${rounds} rounds\n`)
    const realm = createBenchRealm(algorithm)
    const tokens = Array.from({ length: distinct }, (_, number) => realm.token(number))
    const cold = await alternate(await coldContestants(realm, tokens), tokens, { rounds, slice })
    measured.set(algorithm, cold)
    printTable(`New tokens, ${algorithm} (${rounds} rounds of ${slice} tokens, CPU time)`, [
      ['', 'median µs', 'median ratio to bare'],
      ...cold.map(toRow),
    ])
    if (algorithm !== 'RS256') continue
    const steps = await alternate(await steps256(realm, tokens), tokens, { rounds, slice })
    printTable('Where the time goes, RS256', [
      ['', 'µs', '% of total'],
      ...steps.map(({ name, microseconds }, at) => {
        const own = microseconds - (at === 0 ? 0 : (steps[at - 1]?.microseconds ?? 0))
        return [name, own.toFixed(2), ((100 * own) / (steps.at(-1)?.microseconds ?? 1)).toFixed(1)]
      }),
    ])
    const few = tokens.slice(0, slice)
    const warm = await alternate(await warmContestants(realm, few), few, { rounds, slice })
    printTable('Known tokens, RS256, each a new copy of the string', [
      ['', 'median µs', '× cloakwright'],
      ...warm.map(toRow),
    ])
  }
  const ratio = (name: string): number =>
    measured.get('RS256')?.find((one) => one.name === name)?.ratio ?? Number.NaN
  return printTable('Limits', [
    boundHead,
    bound('RS256: cloakwright ÷ bare', ratio(ours), 'at most', 1.15, 3),
    // Not behind by more than the baseline differs from itself.
    bound(
      'RS256: cloakwright ÷ fast-jwt without cache',
      ratio(ours) / ratio(fastJwt),
      'at most',
      Number((1 + Math.abs(ratio(nullTest) - 1)).toFixed(3)),
      3,
    ),
  ])
}

const ours = 'cloakwright, all checks and cache insertion'
const fastJwt = 'fast-jwt without cache'
const nullTest = 'bare again (null test)'

function toRow({ name, microseconds, ratio }: Measured): string[] {
  return [name, microseconds.toFixed(2), ratio.toFixed(3)]
}

async function coldContestants(realm: BenchRealm, tokens: readonly string[]): Promise<Contestant[]> {
  const ready = decodeAll(tokens)
  let cached = await verifierOf(realm)
  const uncached = await verifierOf(realm, false)
  let peerCached = fastJwtOf(realm, distinct)
  return [
    { name: 'bare: crypto.verify and JSON.parse of the token string', run: bareOf(realm) },
    { name: nullTest, run: bareOf(realm) },
    { name: 'bare, everything decoded beforehand', run: decodedOf(realm, ready) },
    {
      name: ours,
      reset: async () => {
        cached = await verifierOf(realm)
      },
      run: (token) => cached.verify(token),
    },
    { name: 'cloakwright without cache', run: (token) => uncached.verify(token) },
    { name: fastJwt, run: fastJwtOf(realm, false) },
    {
      name: 'fast-jwt with cache insertion',
      reset: () => {
        peerCached = fastJwtOf(realm, distinct)
      },
      run: (token) => peerCached(token),
    },
    { name: 'jose jwtVerify', run: joseOf(realm) },
  ]
}

/** Each does one step more than the previous one. */
async function steps256(realm: BenchRealm, tokens: readonly string[]): Promise<Contestant[]> {
  const allowed: ReadonlySet<string> = new Set<Algorithm>(['RS256'])
  const expected = {
    issuer: realm.issuer,
    audiences: [realm.audience],
    authorizedParties: undefined,
    clockTolerance: 5,
  }
  const signed = (token: string): ParsedToken => {
    const parsed = parseToken(token, allowed, 16_384)
    if (!isSigned(parsed.algorithm, realm.publicKey, parsed.signed, parsed.signature))
      throw new Error('forged')
    return parsed
  }
  const uncached = await verifierOf(realm, false)
  let cached = await verifierOf(realm)
  return [
    { name: 'crypto.verify and JSON.parse', run: decodedOf(realm, decodeAll(tokens)) },
    {
      name: 'parsing: string to bytes, strict base64url, header',
      run: (token) => JSON.parse(signed(token).payload ?? '') as unknown,
    },
    {
      name: 'strict JSON: duplicate names, nesting, no prototype',
      run: (token) => parseClaims(signed(token).payload),
    },
    {
      name: 'claims: type, issuer, times, audience, subject',
      run: (token) => checkClaims(parseClaims(signed(token).payload), expected, Date.now() / 1000),
    },
    {
      name: 'building the access token',
      run: (token) => {
        const claims = parseClaims(signed(token).payload)
        return toAccessToken(claims, checkClaims(claims, expected, Date.now() / 1000))
      },
    },
    { name: 'finding the key, its algorithms and age', run: (token) => uncached.verify(token) },
    {
      name: 'cache lookup and insertion',
      reset: async () => {
        cached = await verifierOf(realm)
      },
      run: (token) => cached.verify(token),
    },
  ]
}

async function warmContestants(realm: BenchRealm, tokens: readonly string[]): Promise<Contestant[]> {
  const verifier = await verifierOf(realm)
  // As guards ask a verifier: without the promise of the public `verify`.
  const verify: VerifyAtOnce = verifyAtOnceBy(verifier as unknown as BuiltVerifier)
  const peer = fastJwtOf(realm, distinct)
  for (const token of tokens) {
    await verifier.verify(token)
    peer(token)
  }
  const copies = tokens.map((token) => Buffer.from(token).toString('latin1'))
  return [
    { name: 'cloakwright', run: (_, at) => verify(copies[at] as string) },
    { name: 'fast-jwt with cache', run: (_, at) => peer(copies[at] as string) },
    { name: 'jose jwtVerify (has no cache)', run: joseOf(realm) },
  ]
}

/** Each token is awaited before the next one starts, so all are verified in this thread. */
async function verifierOf(realm: BenchRealm, cache?: false): Promise<Verifier> {
  const { issuer, audience, fetch } = realm
  const verifier = createVerifier({ issuer, audience, fetch, cache })
  await verifier.ready()
  return verifier
}

function fastJwtOf(realm: BenchRealm, cache: number | false): (token: string) => unknown {
  const key = realm.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const { issuer: allowedIss, audience: allowedAud, algorithm } = realm
  return createFastJwt({ key, cache, allowedIss, allowedAud, algorithms: [algorithm] }) as (
    token: string,
  ) => unknown
}

function joseOf({ publicKey, issuer, audience, algorithm }: BenchRealm): Contestant['run'] {
  return (token) => jwtVerify(token, publicKey, { issuer, audience, algorithms: [algorithm] })
}

type Check = (data: Buffer, signature: Buffer) => void

function checkOf({ algorithm, publicKey }: BenchRealm): Check {
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  const key: KeyObject | { key: KeyObject; dsaEncoding: 'ieee-p1363' } =
    algorithm === 'ES256' ? { key: publicKey, dsaEncoding: 'ieee-p1363' } : publicKey
  return (data, signature) => {
    if (!verify(hash, data, key, signature)) throw new Error('forged')
  }
}

function bareOf(realm: BenchRealm): Contestant['run'] {
  const check = checkOf(realm)
  return (token) => {
    const first = token.indexOf('.')
    const last = token.lastIndexOf('.')
    check(Buffer.from(token.slice(0, last), 'latin1'), Buffer.from(token.slice(last + 1), 'base64url'))
    return JSON.parse(Buffer.from(token.slice(first + 1, last), 'base64url').toString()) as unknown
  }
}

interface Decoded {
  readonly data: Buffer
  readonly signature: Buffer
  readonly payload: string
}

function decodeAll(tokens: readonly string[]): Decoded[] {
  return tokens.map((token) => {
    const [header = '', payload = '', signature = ''] = token.split('.')
    return {
      data: Buffer.from(`${header}.${payload}`),
      signature: Buffer.from(signature, 'base64url'),
      payload: Buffer.from(payload, 'base64url').toString(),
    }
  })
}

function decodedOf(realm: BenchRealm, ready: readonly Decoded[]): Contestant['run'] {
  const check = checkOf(realm)
  return (_, at) => {
    const { data, signature, payload } = ready[at] as Decoded
    check(data, signature)
    return JSON.parse(payload) as unknown
  }
}
