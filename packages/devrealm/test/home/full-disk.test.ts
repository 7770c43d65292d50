import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { keptSecret } from '@cloakwright/devrealm/home'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const canMount = process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0
if (!canMount) console.warn('Full disk not tested: mounting a small disk needs root on Linux')

let disk: string

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'cloakwright-disk-'))
  if (canMount) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=140m', 'none', disk])
})

afterEach(() => {
  if (canMount) execFileSync('umount', [disk])
  rmdirSync(disk)
})

const script = fileURLToPath(new URL('./full-disk.mjs', import.meta.url))

/** The output of the process; a spinning process is killed and has none. */
async function run(task: string): Promise<unknown> {
  const child = spawn(process.execPath, ['--liftoff-only', script, disk, task], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), 45_000)
  const told = await text(child.stdout)
  clearTimeout(timer)
  return JSON.parse(told || '"killed: it did not end"')
}

describe.runIf(canMount)('a database on a full disk', () => {
  // A PANIC stops PGlite's PostgreSQL; another call would block the process forever.
  it.each(['log', 'transactions'])(
    'stops if its %s cannot be written, rejects at once, reopens when space is free, and loses nothing',
    async (task) => {
      expect(await run(task)).toMatchObject({
        codes: Array(5).fill('CW_DISK_FULL'),
        check: 'CW_DISK_FULL',
        lost: 0,
        heard: ['heard'],
        reconnections: ['again'],
        lostAfterClose: 0,
      })
    },
    60_000,
  )

  it.each(['data', 'temporary'])(
    'rejects a statement without space (%s) and continues with others',
    async (task) => {
      expect(await run(task)).toMatchObject({
        codes: Array(5).fill('CW_DISK_FULL'),
        lost: 0,
        heard: ['heard'],
        reconnections: [],
        lostAfterClose: 0,
      })
    },
    60_000,
  )

  it('cannot be created, with a clear error, until space is free', async () => {
    expect(await run('start')).toEqual({ full: 'CW_DISK_FULL', later: [{ one: 1 }] })
  }, 60_000)
})

describe.runIf(canMount)('a secret on a full disk', () => {
  it('is not written in part, and is written when space is free', () => {
    const filler = join(disk, 'filler')
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(filler, Buffer.alloc(bavail * bsize))
    expect(() => keptSecret(disk, 'secret', () => 'made')).toThrow(
      expect.objectContaining({
        code: 'CW_DISK_FULL',
        message: expect.stringContaining(join(disk, 'secret')),
      }),
    )
    expect(readdirSync(disk)).toEqual(['filler'])
    rmSync(filler)
    expect(keptSecret(disk, 'secret', () => 'made')).toBe('made')
  })
})
