import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openHome, openTemporaryDatabase } from '@cloakwright/devrealm/home'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloakwright-home-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  rmSync(folder, { recursive: true, force: true })
})

const holderScript = fileURLToPath(new URL('./holder.mjs', import.meta.url))

/** Starts the holder and gives its lines of output as they come. */
function startHolder(home: string, ...task: string[]) {
  const child = spawn(process.execPath, ['--liftoff-only', holderScript, home, ...task], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let errors = ''
  child.stderr.on('data', (part) => {
    errors += String(part)
  })
  return { child, lines: createInterface({ input: child.stdout }), errors: () => errors }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('the lock of a state folder', () => {
  it('rejects a second process, naming the holder and the next step', async () => {
    const { child, lines } = startHolder(folder)
    await once(lines, 'line')
    await expect(openHome(folder)).rejects.toMatchObject({
      code: 'CW_HOME_LOCKED',
      message: expect.stringContaining(`process ${child.pid}`),
      hint: expect.stringContaining(`kill ${child.pid}`),
    })
  })

  it('ends with its process, even if it is killed', async () => {
    const { child, lines } = startHolder(folder)
    await once(lines, 'line')
    await kill(child)
    const home = await openHome(folder)
    await home.close()
  })

  it('is the same lock by every path to the folder', async () => {
    const link = `${folder}-link`
    symlinkSync(folder, link)
    const home = await openHome(folder)
    try {
      await expect(openHome(link)).rejects.toMatchObject({ code: 'CW_HOME_LOCKED' })
    } finally {
      await home.close()
      rmSync(link)
    }
  })

  it('rejects a second open in the same process until the first is closed', async () => {
    const home = await openHome(folder)
    await expect(openHome(folder)).rejects.toMatchObject({
      code: 'CW_HOME_LOCKED',
      message: expect.stringContaining('this process'),
    })
    await home.close()
    await (await openHome(folder)).close()
  })

  it('gives a folder to only one of many concurrent requests', async () => {
    const openings = await Promise.allSettled(Array.from({ length: 20 }, () => openHome(folder)))
    const opened = openings.filter((opening) => opening.status === 'fulfilled')
    expect(opened).toHaveLength(1)
    await opened[0]?.value.close()
  })

  it('does not block other folders', async () => {
    const one = await openHome(join(folder, 'one'))
    const two = await openHome(join(folder, 'two'))
    await one.close()
    await two.close()
  })
})

describe('the state folder', () => {
  it('is accessible to its owner only', async () => {
    const home = await openHome(join(folder, 'deep/home'))
    expect(statSync(home.folder).mode & 0o777).toBe(0o700)
    await home.close()
  })

  it('causes a clear error if it cannot be created', async () => {
    writeFileSync(join(folder, 'file'), '')
    await expect(openHome(join(folder, 'file/home'))).rejects.toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: expect.stringContaining(join(folder, 'file/home')),
      hint: expect.stringContaining('CLOAKWRIGHT_HOME'),
    })
  })
})

describe('the database of a state folder', () => {
  it('is one database for all calls, and keeps its data after a close', async () => {
    const first = await openHome(folder)
    const database = await first.openDatabase()
    expect(await first.openDatabase()).toBe(database)
    await database.sql.query('create table kept (word text)')
    await database.sql.query('insert into kept values ($1)', ['here'])
    await first.close()

    const second = await openHome(folder)
    const again = await second.openDatabase()
    expect((await again.sql.query('select word from kept')).rows).toEqual([{ word: 'here' }])
    await second.close()
  })

  it('loses nothing that was committed if its process is killed', async () => {
    const { child, lines, errors } = startHolder(folder, 'write')
    let committed = 0
    for await (const line of lines) {
      committed = Math.max(committed, Number(line.split(' ')[1] ?? 0))
      if (committed === 300) break
    }
    await kill(child)
    expect(committed, errors()).toBe(300)

    const home = await openHome(folder)
    const { sql } = await home.openDatabase()
    const { rows } = await sql.query('select count(*)::int as count, max(id) as last from entries')
    const { count, last } = rows[0] as { count: number; last: number }
    expect(last).toBeGreaterThanOrEqual(committed)
    expect(count).toBe(last)
    await home.close()
  })

  it('is created again after a kill during its creation', async () => {
    mkdirSync(join(folder, 'database.new-killed/database/base'), { recursive: true })
    const home = await openHome(folder)
    const { sql } = await home.openDatabase()
    expect((await sql.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await home.close()
    expect(() => statSync(join(folder, 'database.new-killed'))).toThrow('ENOENT')
  })

  it('of another PostgreSQL release is rejected, and the lock is released', async () => {
    mkdirSync(join(folder, 'database'))
    writeFileSync(join(folder, 'database/PG_VERSION'), '12\n')
    const home = await openHome(folder)
    await expect(home.openDatabase()).rejects.toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: expect.stringContaining('PostgreSQL 12'),
    })
    await home.close()
    await (await openHome(folder)).close()
  })
})

describe('openTemporaryDatabase', () => {
  it('gives each caller a separate database and leaves nothing behind', async () => {
    const [one, two] = await Promise.all([openTemporaryDatabase(), openTemporaryDatabase()])
    await one.sql.query('create table mine (id int)')
    await expect(two.sql.query('select * from mine')).rejects.toThrow('mine')
    await one.close()
    await one.close()
    await two.close()
  })
})
