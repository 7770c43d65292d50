import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type AccessToken, createRevocations, type Revocations, type RevokedBy } from 'cloakwright'
import { memoryRevocationStore, type RevocationStore, SqlError } from 'cloakwright/state'
import { beforeEach, describe, expect, it, test, vi } from 'vitest'
import { toAccessToken } from '../../src/token/access-token.ts'
import { claimsOf } from '../support/issuer.ts'
import { refusalOf } from '../support/refusal.ts'

const issuer = 'https://id.example/realms/shop'
const other = 'https://id.example/realms/other'
const start = 1_800_000_000
let now = start
beforeEach(() => {
  now = start
})
const clock = (): number => now * 1000

/** A verified token, issued a minute ago. */
function token(change: Record<string, unknown> = {}): AccessToken {
  const claims = claimsOf(issuer, { sid: 's', sub: 'u', jti: 'j', iat: start - 60, ...change })
  const [subject, issuedAt] = [String(claims['sub']), Number(claims['iat'])]
  return toAccessToken(claims, {
    issuer,
    subject,
    binding: undefined,
    notBefore: 0,
    issuedAt,
    expiresAt: start + 300,
  })
}

const cases: [what: string, by: RevokedBy, token: AccessToken, revoked: boolean][] = [
  ['its session', { sid: 's' }, token(), true],
  ['another session', { sid: 's2' }, token(), false],
  ['its session, up to now', { sid: 's', issuedUntil: start }, token(), true],
  ['its session, up to the second of its issue', { sid: 's', issuedUntil: start - 60 }, token(), true],
  ['its session, before its issue', { sid: 's', issuedUntil: start - 61 }, token(), false],
  ['a session, and it has none', { sid: 's' }, token({ sid: undefined }), false],
  ['a session named as its user', { sid: 'u' }, token(), false],
  ['its user, now', { subject: 'u', issuedUntil: start }, token(), true],
  ['its user, at the second of its issue', { subject: 'u', issuedUntil: start - 60 }, token(), true],
  ['its user, before its issue', { subject: 'u', issuedUntil: start - 61 }, token(), false],
  ['its user, since the beginning', { subject: 'u', issuedUntil: 0 }, token(), false],
  ['another user', { subject: 'u2', issuedUntil: start }, token(), false],
  ['its id', { jti: 'j' }, token(), true],
  ['another id', { jti: 'j2' }, token(), false],
  ['an id, and its own is not a string', { jti: '7' }, token({ jti: 7 }), false],
  ['all before now', { notBefore: start }, token(), true],
  ['all before the second after its issue', { notBefore: start - 59 }, token(), true],
  ['all before the second of its issue', { notBefore: start - 60 }, token(), false],
  ['names of prototypes', { sid: '__proto__' }, token({ sid: 'constructor', jti: 'toString' }), false],
  ['a session of such a name', { sid: '__proto__' }, token({ sid: '__proto__' }), true],
]

test.each(cases)('revoked: %s', async (_, by, verified, revoked) => {
  const revocations = createRevocations({ now: clock })
  await revocations.revoke(issuer, by)
  expect(revocations.isRevoked(verified, issuer)).toBe(revoked)
  expect(revocations.isRevoked(verified, other), 'of another issuer').toBe(false)
})

test('for the token of a browser session, the start of the session counts instead of its iat', async () => {
  const revocations = createRevocations({ now: clock })
  await revocations.revoke(issuer, { sid: 's', issuedUntil: start + 0.4 })
  await revocations.revoke(issuer, { subject: 'u', issuedUntil: start + 0.4 })
  const verified = token({ iat: start })
  expect(revocations.isRevoked(verified, issuer)).toBe(true)
  expect(revocations.isRevoked(verified, issuer, start + 0.3)).toBe(true)
  expect(revocations.isRevoked(verified, issuer, start + 0.5)).toBe(false)
})

test('of several revocations of one user, the one that covers the most applies', async () => {
  const revocations = createRevocations({ now: clock })
  await revocations.revoke(issuer, { subject: 'u', issuedUntil: start })
  await revocations.revoke(issuer, { subject: 'u', issuedUntil: start - 100 })
  await revocations.revoke(issuer, { notBefore: start - 10 })
  await revocations.revoke(issuer, { notBefore: start - 100 })
  expect(revocations.isRevoked(token(), issuer)).toBe(true)
  expect(revocations.isRevoked(token({ sub: 'v' }), issuer)).toBe(true)
  expect(revocations.isRevoked(token({ sub: 'v', iat: start - 10 }), issuer)).toBe(false)
})

test('the version grows with each new revocation, and with nothing else', async () => {
  const revocations = createRevocations({ now: clock, keepFor: 60 })
  const news = async (by: RevokedBy): Promise<boolean> => {
    const before = revocations.version
    await revocations.revoke(issuer, by)
    return revocations.version > before
  }
  expect(await news({ sid: 's' })).toBe(true)
  expect(await news({ sid: 's' })).toBe(false)
  expect(await news({ jti: 's' })).toBe(true)
  expect(await news({ subject: 's', issuedUntil: start })).toBe(true)
  expect(await news({ subject: 's', issuedUntil: start - 1 })).toBe(false)
  expect(await news({ notBefore: start - 1 })).toBe(true)
  expect(await news({ notBefore: start - 2 })).toBe(false)
  expect(await news({ notBefore: start })).toBe(true)
  now += 60
  expect(await news({ sid: 's' }), 'again, after it had expired').toBe(true)
  expect(await news({ notBefore: start }), 'again, after it had expired').toBe(true)
})

describe('an expired revocation', () => {
  const all: RevokedBy[] = [
    { sid: 's' },
    { subject: 'u', issuedUntil: start },
    { jti: 'j' },
    { notBefore: start },
  ]
  it.each(all)('is removed: %o', async (by) => {
    const revocations = createRevocations({ now: clock, keepFor: 600 })
    await revocations.revoke(issuer, by)
    now = start + 599
    expect(revocations.isRevoked(token(), issuer)).toBe(true)
    now = start + 600
    expect(revocations.isRevoked(token(), issuer)).toBe(false)
  })

  it('stays as long as the last revocation of the same', async () => {
    const revocations = createRevocations({ now: clock, keepFor: 600 })
    await revocations.revoke(issuer, { sid: 's' })
    now = start + 500
    await revocations.revoke(issuer, { sid: 's' })
    now = start + 1000
    expect(revocations.isRevoked(token(), issuer)).toBe(true)
  })

  it('of a user or of all is kept until the last matching token has expired', async () => {
    const revocations = createRevocations({ now: clock, keepFor: 600 })
    await revocations.revoke(issuer, { subject: 'u', issuedUntil: start + 200 })
    now = start + 799
    expect(revocations.isRevoked(token({ iat: start + 200 }), issuer)).toBe(true)
  })

  it('is removed from memory: only active ones are kept, and a third more', async () => {
    const revocations = createRevocations({ now: clock, keepFor: 100 })
    const before = heapUsed()
    for (let second = 0; second < 1000; second++) {
      now = start + second
      for (let at = 0; at < 200; at++)
        await revocations.revoke(issuer, { sid: `3a0e1f4e-4f9e-8a43-0f6c-${second}-${at}` })
    }
    const kept = heapUsed() - before
    expect(kept, 'of 200,000, 20,000 are in force').toBeLessThan(27_000 * 350)
    expect(revocations.isRevoked(token({ sid: '3a0e1f4e-4f9e-8a43-0f6c-999-0' }), issuer)).toBe(true)
  })

  it('is removed from memory by checking tokens, too', async () => {
    const revocations = createRevocations({ now: clock, keepFor: 100 })
    const before = heapUsed()
    for (let at = 0; at < 20_000; at++)
      await revocations.revoke(issuer, { sid: `3a0e1f4e-4f9e-8a43-0f6c-${at}` })
    expect(heapUsed() - before).toBeGreaterThan(20_000 * 100)
    now = start + 100
    const verified = token()
    for (let at = 0; at <= 20_000; at++) revocations.isRevoked(verified, issuer)
    expect(heapUsed() - before).toBeLessThan(20_000 * 50)
    expect(revocations.isRevoked(verified, issuer)).toBe(false)
  })
})

describe('revoke refuses', () => {
  const secret = 'canary-41c7'
  const far = 'x'.repeat(1025)
  it.each([
    ['an empty issuer', '', { sid: secret }],
    ['an issuer that is not a string', 7, { sid: secret }],
    ['an empty session id', issuer, { sid: '' }],
    ['a subject far too long', issuer, { subject: secret + far, issuedUntil: start }],
    ['a NUL', issuer, { jti: `${secret}\0` }],
    ['half a character', issuer, { jti: `${secret}\ud800` }],
    ['nothing', issuer, {}],
    ['null', issuer, null],
    ['two at once', issuer, { sid: secret, jti: secret }],
    ['a name that it does not know', issuer, { session: secret }],
    ['a user without a time', issuer, { subject: secret }],
    ['milliseconds', issuer, { notBefore: start * 1000 }],
    ['a time to come', issuer, { subject: secret, issuedUntil: start + 301 }],
    ['no number', issuer, { notBefore: Number.NaN }],
    ['a negative time', issuer, { notBefore: -1 }],
  ])('%s', async (_, from, by) => {
    const revocations = createRevocations({ now: clock })
    const error = await refusalOf(() => revocations.revoke(from as string, by as RevokedBy))
    expect(error?.code).toBe('CW_CONFIG_INVALID')
    expect(`${error?.message} ${error?.hint}`).not.toContain(secret)
    expect(revocations.version).toBe(0)
  })

  it.each([0, -1, Number.NaN, Infinity, '60'])('keepFor %o', async (keepFor) => {
    const error = await refusalOf(() => createRevocations({ keepFor: keepFor as number }))
    expect(error?.code).toBe('CW_CONFIG_INVALID')
  })
})

describe('with a store', () => {
  const unavailable = (): Promise<never> =>
    Promise.reject(new SqlError('42P01', 'PostgreSQL (42P01): relation does not exist', {}))

  it('revocations are unknown before the store was read', async () => {
    expect(createRevocations().known).toBe(true)
    const store = memoryRevocationStore(clock)
    await createRevocations({ store, now: clock }).revoke(issuer, { sid: 's' })
    const revocations = createRevocations({ store, now: clock })
    expect(revocations.known).toBe(false)
    await revocations.ready()
    expect(revocations.known).toBe(true)
    expect(revocations.isRevoked(token(), issuer)).toBe(true)
  })

  it('receives revocations of others until it is closed', async () => {
    const store = memoryRevocationStore(clock)
    const [one, two] = [1, 2].map(() => createRevocations({ store, now: clock })) as [
      Revocations,
      Revocations,
    ]
    await two.ready()
    await one.revoke(issuer, { sid: 's' })
    expect(two.isRevoked(token(), issuer)).toBe(true)
    await two.close()
    expect(two.known, 'it no longer knows').toBe(false)
    await one.revoke(issuer, { jti: 'j2' })
    expect(two.isRevoked(token({ sid: 's2', jti: 'j2' }), issuer)).toBe(false)
  })

  it('reads once for all waiting callers, not again within a second of a failure, and then again', async () => {
    const memory = memoryRevocationStore(clock)
    const follow = vi.fn<RevocationStore['follow']>(unavailable)
    const revocations = createRevocations({ store: { ...memory, follow }, now: clock })
    for (const error of await Promise.all([1, 2, 3].map(() => refusalOf(() => revocations.ready()))))
      expect(error).toMatchObject({ code: 'CW_STATE_UNAVAILABLE', retryAfter: 5 })
    now += 0.9
    expect((await refusalOf(() => revocations.ready()))?.code).toBe('CW_STATE_UNAVAILABLE')
    expect(follow).toHaveBeenCalledTimes(1)
    expect(revocations.known).toBe(false)
    follow.mockImplementation(memory.follow)
    now += 0.1
    await revocations.ready()
    await revocations.ready()
    expect(follow).toHaveBeenCalledTimes(2)
    expect(revocations.known).toBe(true)
  })

  it('revokes here even if the store fails, and reports it', async () => {
    const store = { ...memoryRevocationStore(clock), add: unavailable }
    const revocations = createRevocations({ store, now: clock })
    const error = await refusalOf(() => revocations.revoke(issuer, { sid: 's' }))
    expect(error?.code).toBe('CW_STATE_UNAVAILABLE')
    expect(revocations.isRevoked(token(), issuer)).toBe(true)
  })
})

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
