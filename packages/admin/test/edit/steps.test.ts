import { type Admin, type Change, createAdmin } from '@cloakwright/admin'
import { describe, expect, test } from 'vitest'
import { giving, runSteps, type Step, type Subject } from '../../src/edit/index.ts'

const alice = { kind: 'user', id: '1', name: 'alice' } as const
const about = (id: string, name: string) =>
  ({ action: 'update', kind: 'user', realm: 'shop', id, name }) as const

function recording(options: { dryRun?: boolean } = {}): { admin: Admin; records: (readonly Change[])[] } {
  const records: (readonly Change[])[] = []
  const recorder = { record: async (changes: readonly Change[]) => void records.push(changes) }
  const credentials = { clientId: 'operator', clientSecret: 'secret' }
  const server = 'http://localhost:1'
  return { admin: createAdmin({ server, realm: 'shop', credentials, recorder, ...options }), records }
}

function step(subject: Subject, field: string, run: () => Promise<unknown> = async () => {}): Step {
  return { changes: [giving(subject, [field], true)], run }
}

const fail = (): Promise<never> => Promise.reject(new Error('no'))

describe('runSteps', () => {
  test('makes one change of the steps in a row about an object, and records all of them at once', async () => {
    const { admin, records } = recording()
    const bob = { ...alice, id: '2', name: 'bob' }
    const steps = [
      step(alice, 'roles.a'),
      step(alice, 'groups/b'),
      step(bob, 'roles.a'),
      step(alice, 'roles.c'),
    ]
    const changes = await runSteps(admin, steps)
    expect(changes).toEqual([
      {
        ...about('1', 'alice'),
        fields: ['roles.a', 'groups/b'],
        before: { 'roles.a': false, 'groups/b': false },
        after: { 'roles.a': true, 'groups/b': true },
      },
      { ...about('2', 'bob'), fields: ['roles.a'], before: { 'roles.a': false }, after: { 'roles.a': true } },
      {
        ...about('1', 'alice'),
        fields: ['roles.c'],
        before: { 'roles.c': false },
        after: { 'roles.c': true },
      },
    ])
    expect(records).toEqual([changes])
  })

  test('stops at the first failed step, and records the steps before it', async () => {
    const { admin, records } = recording()
    const run: string[] = []
    const steps = [
      step(alice, 'roles.a', async () => run.push('a')),
      step(alice, 'roles.b', fail),
      step(alice, 'roles.c', async () => run.push('c')),
    ]
    await expect(runSteps(admin, steps)).rejects.toThrow('no')
    expect(run).toEqual(['a'])
    expect(records).toMatchObject([[{ fields: ['roles.a'] }]])
  })

  test('records what was made if it differs from the plan, and the plan if the result is unknown', async () => {
    const { admin, records } = recording()
    const planned = step(alice, 'roles.a')
    expect(await runSteps(admin, [{ ...planned, made: () => [] }])).toEqual([])
    expect(records).toEqual([])
    await expect(runSteps(admin, [{ ...planned, made: fail }])).rejects.toThrow('no')
    expect(records).toMatchObject([[{ fields: ['roles.a'] }]])
  })

  test('only lists the changes in a dry run', async () => {
    const { admin, records } = recording({ dryRun: true })
    const unmade = { ...alice, id: '' }
    const [change] = await runSteps(admin, [step(unmade, 'roles.a', fail), step(unmade, 'roles.b', fail)])
    expect(change).toMatchObject({ realm: 'shop', name: 'alice', fields: ['roles.a', 'roles.b'] })
    expect(change).not.toHaveProperty('id')
    expect(records).toEqual([])
  })
})
