import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadConfig } from '../src/config/index.ts'
import { real, testVariables } from './support/environment.ts'
import { type Program, startProgram } from './support/program.ts'

const canMount = process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0
if (!canMount) console.warn('Not root on Linux: a full disk is not tested, as no small one can be mounted')

describe.runIf(canMount && !real)('the server on a full disk', () => {
  let disk: string
  let filler: string
  let program: Program
  let url: string
  let headers: Record<string, string>

  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'cloakwright-disk-'))
    filler = join(disk, 'filler')
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=140m', 'none', disk])
    const env = await testVariables({ CLOAKWRIGHT_HOME: join(disk, 'home') })
    const config = loadConfig(env)
    url = config.publicUrl
    program = startProgram(env)
    await program.printed(/ready in \d+ ms/)
    const response = await fetch(`${config.keycloak.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: config.keycloak.clientId,
        client_secret: await config.clientSecret(),
        username: 'bob',
        password: 'bob',
      }),
    })
    const { access_token: token } = (await response.json()) as { access_token: string }
    headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  }, 60_000)

  afterAll(async () => {
    program?.child.kill('SIGKILL')
    await program?.ended
    execFileSync('umount', [disk])
    rmdirSync(disk)
  })

  const write = () =>
    fetch(`${url}/notes`, { method: 'POST', headers, body: JSON.stringify({ title: 't', body: noise() }) })

  /** Writes notes until one is refused. */
  async function writeUntilFull(): Promise<{ written: string[]; refused: Response }> {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 2 * 2 ** 20)))
    const written: string[] = []
    for (;;) {
      const response = await write()
      if (response.status !== 201) return { written, refused: response }
      written.push(((await response.json()) as { id: string }).id)
    }
  }

  test('responds with 503 and the next step, reports it in its readiness, and works again once there is disk space', async () => {
    const { written, refused } = await writeUntilFull()
    expect(refused.status).toBe(503)
    expect(refused.headers.get('content-type')).toContain('application/problem+json')
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await refused.json()).toMatchObject({
      code: 'CW_DISK_FULL',
      detail: expect.stringContaining('Free disk space'),
    })
    const ready = await fetch(`${url}/health/ready`)
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'failed', checks: { database: 'failed', keys: 'ok' }, reasons: { database: 'CW_DISK_FULL' } },
    ])
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
    expect((await fetch(`${url}/secure-data`, { headers })).status).toBe(200)

    rmSync(filler)
    await vi.waitFor(async () => expect((await fetch(`${url}/health/ready`)).status).toBe(200), 10_000)
    expect((await write()).status).toBe(201)
    for (const id of written) expect((await fetch(`${url}/notes/${id}`, { headers })).status).toBe(200)
  }, 60_000)

  test('ends cleanly on SIGTERM', async () => {
    await writeUntilFull()
    program.child.kill('SIGTERM')
    // 0: not stopped by the time limit of a shutdown.
    expect(await program.ended).toBe(0)
  }, 60_000)
})

/** 20,000 characters that do not compress, to fill a disk sooner. */
function noise(): string {
  return Array.from({ length: 2000 }, () => Math.random().toString(36).slice(2, 12).padEnd(10, 'x')).join('')
}
