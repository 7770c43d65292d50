import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Admin, all } from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { importUsers, undoJob } from '@cloakwright/admin/jobs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openFolder } from '../support/folder.ts'
import { onKeycloak, openTarget, type Target } from '../support/target.ts'
import { jobFiles, makeRealm, person } from '../support/users.ts'

const program = fileURLToPath(new URL('../support/import-process.mjs', import.meta.url))
const count = onKeycloak ? 1500 : 300

const folder = await openFolder()
let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
beforeEach(async () => {
  target.proxy.reset()
  admin = target.admin({ realm: target.realmName() })
  await makeRealm(admin)
})

async function usersOfRealm(): Promise<{ username: string; id: string }[]> {
  const { client, realm } = admin
  const found = await all((page) => client.users.find({ realm, briefRepresentation: true, ...page }), 500)
  return found.map(({ username = '', id = '' }) => ({ username, id }))
}

async function membersOf(role: string): Promise<string[]> {
  const { client, realm } = admin
  const found = await all((page) => client.roles.findUsersWithRole({ realm, name: role, ...page }), 500)
  return found.map(({ username }) => username ?? '').toSorted()
}

interface Run {
  readonly output: Promise<string>
  /** Kills it once its journal has this many lines; false: it ended before. */
  killAt(lines: number): Promise<boolean>
}

function start(files: { journal: string; rejected: string }): Run {
  const options = {
    server: target.proxy.url,
    realm: admin.realm,
    credentials: target.credentials,
    people,
    ...files,
  }
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    output: ended.then(() => text),
    async killAt(lines) {
      while (child.exitCode === null && child.signalCode === null) {
        if ((await linesOf(files.journal)) >= lines) child.kill('SIGKILL')
        await pause(2)
      }
      await ended
      return child.signalCode === 'SIGKILL'
    },
  }
}

async function linesOf(journal: string): Promise<number> {
  const text = await readFile(journal, 'utf8').catch(() => '')
  return text.split('\n').length - 1
}

const rows = Array.from({ length: count }, (_, at) => `${JSON.stringify(person(at))}\n`)
const people = await folder.write('people.ndjson', rows.join(''))
const names = Array.from({ length: count }, (_, at) => person(at).username)

describe('an import that is killed', { timeout: 240_000 }, () => {
  test('three times makes exactly the wanted users when it is continued', async () => {
    const files = await jobFiles()
    for (const share of [0.1, 0.35, 0.7]) {
      const lines = 1 + Math.round((count / 40) * share * (randomInt(80, 120) / 100))
      expect(await start(files).killAt(lines)).toBe(true)
    }
    const report = JSON.parse(await start(files).output) as object
    expect(report).toMatchObject({
      rows: count,
      created: count,
      present: 0,
      existing: 0,
      rejected: 0,
      reconciled: { checked: count, missing: 0, differing: 0 },
    })
    expect((await usersOfRealm()).map(({ username }) => username)).toEqual(names)
    expect(await membersOf('reader')).toEqual(names)
    expect(await membersOf('writer')).toEqual(names)
    expect(await undoJob(admin, files.journal)).toMatchObject({ undone: count, kept: 0 })
    expect(await usersOfRealm()).toEqual([])
  })

  test('is undone completely, with the batch that was in progress, and nothing else', async () => {
    const files = await jobFiles()
    const { client, realm } = admin
    await client.users.create({ realm, username: 'bystander' })
    await client.users.create({ realm, username: person(3).username })
    expect(await start(files).killAt(Math.round(count / 80))).toBe(true)
    await undoJob(admin, files.journal)
    expect((await usersOfRealm()).map(({ username }) => username)).toEqual(['bystander', person(3).username])
    const error = await caught(importUsers(admin, await openUserFile(people), files))
    expect(error.code).toBe('CW_JOURNAL_MISMATCH')
  })

  test('locks out a second process', async () => {
    const files = await jobFiles()
    const run = start(files)
    while ((await linesOf(files.journal)) < 2) await pause(2)
    const error = await caught(importUsers(admin, await openUserFile(people), files))
    expect(error.code).toBe('CW_JOURNAL_LOCKED')
    expect(error.message).toMatch(/^Process \d+.* is using the journal/)
    expect(await run.output).toContain(`"created":${count}`)
    await undoJob(admin, files.journal)
  })
})
