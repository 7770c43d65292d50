import { type Change, withReason } from '@cloakwright/admin'
import {
  type AuditEntry,
  type AuditSink,
  createAuditTrail,
  functionSink,
  type TrailHead,
} from '@cloakwright/admin/audit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { caught, everything } from '../../support/caught.ts'
import { openTarget, type Target } from '../../support/target.ts'
import { changes, recorded } from '../support.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** A sink in memory that can be told to fail. */
function memory(): {
  sink: AuditSink
  entries: AuditEntry[]
  batches: number[]
  fail: (error?: Error) => void
} {
  const entries: AuditEntry[] = []
  const batches: number[] = []
  let failure: Error | undefined
  const inner = functionSink(({ rows }) => {
    batches.push(rows.length)
    entries.push(...rows.map((row) => JSON.parse(row) as AuditEntry))
  })
  const orFail = async <T>(work: () => Promise<T>): Promise<T> => {
    if (failure !== undefined) throw failure
    return await work()
  }
  return {
    sink: {
      check: () => orFail(() => inner.check()),
      append: (seal) => orFail(() => inner.append(seal)),
      head: () => inner.head(),
    },
    entries,
    batches,
    fail: (error) => {
      failure = error
    },
  }
}

const rename: Change = {
  action: 'update',
  kind: 'user',
  realm: 'shop',
  id: 'id-1',
  name: 'alice',
  fields: ['firstName'],
  before: { firstName: 'A' },
  after: { firstName: 'Alice' },
}

describe('an entry', () => {
  it('says what, before, after, when, who, why and in which request', async () => {
    const { sink, entries } = memory()
    const now = () => Date.UTC(2026, 2, 1, 12)
    const admin = target.admin({ recorder: createAuditTrail({ sink, now, why: 'clean-up', who: 'ops' }) })
    await recorded(withReason(admin, { who: 'bob', requestId: 'r-7' }), [rename])
    expect(entries).toEqual([
      {
        ...rename,
        sequence: 1,
        time: '2026-03-01T12:00:00.000Z',
        who: 'bob',
        account: 'admin',
        why: 'clean-up',
        requestId: 'r-7',
      },
    ])
  })

  it.each<[string, () => Parameters<Target['admin']>[0], string]>([
    ['the user name', () => ({}), 'admin'],
    ['the client id', () => ({ credentials: { clientId: 'operator', clientSecret: 'x' } }), 'operator'],
  ])('names %s of the credentials where no author is given', async (_, options, who) => {
    const { sink, entries } = memory()
    await recorded(target.admin({ recorder: createAuditTrail({ sink }), ...options() }), [rename])
    expect(entries).toMatchObject([{ who, account: who }])
  })

  it('takes what an inner reason leaves open from the outer one', async () => {
    const { sink, entries } = memory()
    const admin = target.admin({ recorder: createAuditTrail({ sink }) })
    await recorded(withReason(withReason(admin, { who: 'bob', why: 'ticket 1' }), { why: 'ticket 2' }), [
      rename,
    ])
    expect(entries).toMatchObject([{ who: 'bob', why: 'ticket 2' }])
  })
})

describe('a trail', () => {
  it('puts what is recorded at the same time into one batch, in its order', async () => {
    const { sink, entries, batches } = memory()
    const trail = createAuditTrail({ sink })
    await Promise.all([trail.record(changes(1)), trail.record(changes(2, 2)), trail.record(changes(3, 4))])
    expect(batches).toEqual([1, 5])
    expect(entries.map(({ sequence, name }) => `${sequence} ${name}`)).toEqual(
      [1, 2, 3, 4, 5, 6].map((each) => `${each} user-${each}`),
    )
  })

  it('bounds its batches', async () => {
    const { sink, batches } = memory()
    await createAuditTrail({ sink }).record(changes(2500))
    expect(batches).toEqual([1000, 1000, 500])
  })

  it('exports its head with each batch', async () => {
    const { sink } = memory()
    const heads: unknown[] = []
    const trail = createAuditTrail({ sink, onHead: (head) => void heads.push(head) })
    expect(await trail.head()).toBeUndefined()
    await trail.record(changes(2))
    await trail.record(changes(1))
    expect(heads).toEqual([{ sequence: 2, hash: expect.any(String) }, await trail.head()])
  })
})

describe('a head that cannot be exported', () => {
  it('fails the task with the reason', async () => {
    const { sink } = memory()
    const onHead = (): never => {
      throw new Error('canary-of-the-vault')
    }
    const error = await caught(createAuditTrail({ sink, onHead }).record(changes(1)))
    expect(error.code).toBe('CW_AUDIT_UNAVAILABLE')
    expect(error.message).toMatch(/create user user-1: the head of the trail could not be exported$/)
  })
})

describe('a head that can be exported again', () => {
  it('is exported before the next change', async () => {
    const { sink } = memory()
    const heads: number[] = []
    let isDown = true
    const onHead = ({ sequence }: TrailHead): void => {
      if (isDown) throw new Error('no vault')
      heads.push(sequence)
    }
    const trail = createAuditTrail({ sink, onHead })
    const realm = target.realmName()
    const admin = target.admin({ recorder: trail })
    await caught(trail.record(changes(1)))

    const error = await caught(admin.client.realms.create({ realm }))
    expect(error.message).toContain('nothing was changed: the head of the trail could not be exported')
    expect(await admin.client.realms.findOne({ realm })).toBeNull()

    isDown = false
    await admin.client.realms.create({ realm })
    expect(heads).toEqual([1])
  })
})

describe('a sink that fails', () => {
  it('blocks every change', async () => {
    const { sink, fail } = memory()
    const realm = target.realmName()
    const admin = target.admin({ recorder: createAuditTrail({ sink }) })
    fail(new Error('disk is full'))
    const error = await caught(admin.client.realms.create({ realm }))
    expect(error.code).toBe('CW_AUDIT_UNAVAILABLE')
    expect(error.message).toBe('The audit trail cannot be written, so nothing was changed')
    expect(await admin.client.realms.findOne({ realm })).toBeNull()
    fail(undefined)
    await admin.client.realms.create({ realm })
    expect(await admin.client.realms.findOne({ realm })).not.toBeNull()
  })

  it('is reported with the unrecorded changes, and blocks the next change', async () => {
    const { sink, fail, entries } = memory()
    const realm = target.realmName()
    const admin = target.admin({ recorder: createAuditTrail({ sink }) })
    await admin.client.realms.create({ realm })
    fail(new Error('canary-of-the-sink'))
    const error = await caught(recorded(admin, changes(5)))
    expect(error.code).toBe('CW_AUDIT_UNAVAILABLE')
    expect(error.message).toBe(
      'Changed, but not recorded in the audit trail: create user user-1, create user user-2, create user user-3 and 2 more',
    )
    expect(error.message).not.toContain('canary')
    expect((await caught(admin.client.users.create({ realm, username: 'later' }))).code).toBe(
      'CW_AUDIT_UNAVAILABLE',
    )
    fail(undefined)
    await admin.client.users.create({ realm, username: 'later' })
    await recorded(admin, changes(1))
    expect(entries.map(({ sequence }) => sequence)).toEqual([1])
  })
})

describe('a secret that a task left in its change', () => {
  const canary = 'canary-5f1e'

  it.each<[string, Partial<Change>]>([
    ['a password', { after: { password: canary } }],
    ['credentials', { after: { credentials: [{ type: 'password', value: canary }] } }],
    ['a credential', { after: { list: [{ type: 'password', value: canary }] } }],
    ['a hashed password', { after: { list: [{ type: 'password', secretData: `{"value":"${canary}"}` }] } }],
    ['a client’s secret', { kind: 'client', after: { secret: canary } }],
    ['a rotated one', { kind: 'client', before: { attributes: { 'client.secret.rotated': canary } } }],
    ['a secret itself', { kind: 'client secret', before: { value: canary }, after: { value: canary } }],
    ['an identity provider’s', { after: { config: { clientSecret: canary } } }],
    ['LDAP’s', { after: { config: { bindCredential: [canary] } } }],
    ['a mail server’s', { kind: 'realm', after: { smtpServer: { password: canary } } }],
    ['a private key', { after: { config: { privateKey: [canary], 'keystore.password': [canary] } } }],
    ['a field by its path', { after: { 'smtpServer.password': canary } }],
    ['a named value', { after: { values: [{ name: 'bindCredential', value: canary }] } }],
    ['a token', { after: { access_token: canary, refreshToken: canary } }],
    ['a key of a service', { after: { config: { apiKey: canary, 'signing-key': canary } } }],
    ['named values', { after: { list: [{ name: 'bindCredential', values: [canary] }] } }],
    ['JSON in a text', { after: { attributes: { x: [`[{"a":"{\\"password\\":\\"${canary}\\"}"}]`] } } }],
    ['a private key set', { after: { 'jwks.string': `{"keys":[{"kty":"EC","d":"${canary}"}]}` } }],
    [
      'JSON that is too deep',
      { after: { x: `${'{"a":'.repeat(20_000)}{"password":"${canary}"}${'}'.repeat(20_000)}` } },
    ],
    ['a member that is no change’s', { secret: canary } as Partial<Change>],
  ])('is not in the trail: %s', async (_, more) => {
    const kept: string[] = []
    const trail = createAuditTrail({ sink: functionSink(({ rows }) => void kept.push(...rows)) })
    await trail.record([{ ...rename, ...more }])
    expect(kept).toHaveLength(1)
    expect(kept.join('')).not.toContain(canary)
  })

  it('is not in the error of a failing sink', async () => {
    const { sink, fail } = memory()
    fail(new Error('no'))
    const error = await caught(
      createAuditTrail({ sink }).record([{ ...rename, after: { password: canary } }]),
    )
    expect(everything(error)).not.toContain(canary)
  })

  it('is masked however deep', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 6 }),
        async (path) => {
          const inner: unknown = { password: canary }
          const after = path.reduce<unknown>((value, name) => ({ [name]: value }), inner)
          const kept: string[] = []
          const trail = createAuditTrail({ sink: functionSink(({ rows }) => void kept.push(...rows)) })
          await trail.record([{ ...rename, after: after as Record<string, unknown> }])
          expect(kept.join('')).not.toContain(canary)
        },
      ),
      { numRuns: 50 },
    )
  })

  it.each([
    { passwordPolicy: 'length(8)' },
    { 'jwks.string': '{ "keys": [{"kty":"EC","x":"1"}] }', text: '[no JSON' },
    { resetPasswordAllowed: true },
    { resetCredentialsFlow: 'reset credentials' },
    { requiredCredentials: ['password'] },
    { attributes: { 'client.secret.creation.time': '1700000000' } },
    { requiredActions: ['UPDATE_PASSWORD'] },
    { actionTokenGeneratedByAdminLifespan: 43_200 },
  ])('does not include similar names: %o', async (after) => {
    const { sink, entries } = memory()
    await createAuditTrail({ sink }).record([{ ...rename, after }])
    expect(entries[0]?.after).toEqual(after)
  })
})
