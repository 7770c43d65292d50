import { rmSync } from 'node:fs'
import { createServer as createNetServer, type Server as NetServer } from 'node:net'
import { createDevRealm } from '@cloakwright/devrealm'
import { CloakwrightError } from 'cloakwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Config, loadConfig } from '../src/config/index.ts'
import { checkKeycloak } from '../src/keycloak/probe.ts'
import { createLogger } from '../src/log/logger.ts'
import { createServer } from '../src/server.ts'
import { applyRealm, freePort, keycloakAdmin, removeRealm, testVariables } from './support/environment.ts'
import { type Program, startProgram } from './support/program.ts'

/** The real Keycloak, or an embedded realm in its place: it only must not be the server's own. */
let keycloak: string
let base: NodeJS.ProcessEnv
let applied: Config
const cleaning: (() => unknown)[] = []

beforeAll(async () => {
  keycloak = process.env['KEYCLOAK_SERVER'] ?? (await startRealm())
  base = await variables({ KEYCLOAK_SERVER: keycloak })
  applied = loadConfig(base)
  await applyRealm(applied)
  cleaning.push(() => removeRealm(applied))
})

afterAll(async () => {
  for (const clean of cleaning.toReversed()) await clean()
})

async function startRealm(port?: number): Promise<string> {
  const realm = await createDevRealm()
  cleaning.push(() => realm.close())
  return await realm.listen(port === undefined ? {} : { port })
}

async function variables(extra: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const env = await testVariables(extra)
  cleaning.push(() => {
    rmSync(env['CLOAKWRIGHT_HOME'] ?? '', { recursive: true, force: true })
  })
  return env
}

/** The error that stops the start. */
function refusal(env: NodeJS.ProcessEnv): Promise<CloakwrightError> {
  return errorOf(async () => {
    const server = await createServer(loadConfig(env), { logger: createLogger('silent') })
    await server.close()
  })
}

/** The error of the step that checks Keycloak. The whole start, which opens a database before, is tested once below. */
function mismatch(env: NodeJS.ProcessEnv): Promise<CloakwrightError> {
  return errorOf(() =>
    checkKeycloak(loadConfig(env), { say: () => {}, signal: new AbortController().signal }),
  )
}

async function errorOf(work: () => Promise<void>): Promise<CloakwrightError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof CloakwrightError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a Keycloak that does not match stops the start', () => {
  test.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['KEYCLOAK_REALM', { KEYCLOAK_REALM: 'no-such-realm' }, /no realm no-such-realm/],
    ['KEYCLOAK_CLIENT_ID', { KEYCLOAK_CLIENT_ID: 'no-such-client' }, /has no such client, or it is disabled/],
    [
      'KEYCLOAK_CLIENT_SECRET',
      { KEYCLOAK_CLIENT_SECRET: 's3cr3t-canary' },
      /not the secret of the client cloakwright-app/,
    ],
    [
      'PUBLIC_URL',
      { PUBLIC_URL: 'https://elsewhere.example.com' },
      /https:\/\/elsewhere\.example\.com\/auth\/callback/,
    ],
  ])('%s', async (variable, extra, reason) => {
    const error = await mismatch({ ...base, ...extra })
    expect(error.code).toBe('CW_REALM_MISMATCH')
    expect(error.message.startsWith(`${variable} `)).toBe(true)
    expect(error.message).toMatch(reason)
    expect(error.hint).toMatch(/npm run keycloak[^]*npx cloakwright realm apply/)
    expect(`${error.message}${error.hint}`).not.toContain('s3cr3t-canary')
  })

  test('a public client has no secret to check', async () => {
    const admin = keycloakAdmin(applied)
    await admin.client.clients.create({
      realm: applied.keycloak.realm,
      clientId: 'public-app',
      publicClient: true,
    })
    const error = await mismatch({ ...base, KEYCLOAK_CLIENT_ID: 'public-app' })
    expect(error.message).toMatch(/^KEYCLOAK_CLIENT_ID .*public/)
  })

  test('a URL with the wrong path is not Keycloak', async () => {
    const error = await mismatch({ ...base, KEYCLOAK_SERVER: `${keycloak.replace(/\/$/, '')}/auth` })
    expect(error.code).toBe('CW_REALM_MISMATCH')
    expect(error.message).toMatch(/is not Keycloak/)
  })

  test('the whole start, for a realm that is missing', async () => {
    expect(await refusal({ ...base, KEYCLOAK_REALM: 'no-such-realm' })).toMatchObject({
      code: 'CW_REALM_MISMATCH',
      message: expect.stringMatching(/^KEYCLOAK_REALM .*no realm no-such-realm/),
    })
  })

  test('nothing responds, and KEYCLOAK_WAIT=0', async () => {
    const port = await freePort()
    const error = await refusal({ ...base, KEYCLOAK_SERVER: `http://127.0.0.1:${port}`, KEYCLOAK_WAIT: '0' })
    expect(error.code).toBe('CW_DISCOVERY_FAILED')
    expect(error.message).toContain('KEYCLOAK_SERVER')
    expect(error.message).toContain('ECONNREFUSED')
  })
})

describe('a database that cannot be used stops the start', () => {
  test('nothing responds', async () => {
    const port = await freePort()
    const error = await refusal({
      ...base,
      DATABASE_URL: `postgresql://app:s3cr3t-canary@127.0.0.1:${port}/app`,
    })
    expect(error.code).toBe('CW_CONFIG_INVALID')
    expect(error.message).toContain(`DATABASE_URL: nothing responds at 127.0.0.1:${port} (ECONNREFUSED)`)
    expect(`${error.message}${error.hint}`).not.toContain('s3cr3t-canary')
  })

  test('an unknown host', async () => {
    const error = await refusal({
      ...base,
      DATABASE_URL: 'postgresql://app:s3cr3t-canary@no-such-host.invalid/app',
    })
    expect(error.message).toMatch(/DATABASE_URL: .*no-such-host\.invalid/)
  })

  const url = process.env['DATABASE_URL']
  test.runIf(url !== undefined)('a wrong password, an unknown database', async () => {
    const wrong = new URL(url ?? '')
    wrong.password = 's3cr3t-canary'
    const password = await refusal({ ...base, DATABASE_URL: wrong.href })
    expect(password.message).toMatch(/DATABASE_URL: PostgreSQL at .* refuses the user/)
    expect(`${password.message}${password.hint}`).not.toContain('s3cr3t-canary')
    const unknown = new URL(url ?? '')
    unknown.pathname = '/no-such-database'
    expect((await refusal({ ...base, DATABASE_URL: unknown.href })).message).toMatch(
      /no database named no-such-database/,
    )
  })
})

describe('a port in use stops the start', () => {
  let holder: NetServer | undefined
  afterEach(() => holder?.close())

  async function hold(port: number, host: string): Promise<void> {
    const server = createNetServer()
    await new Promise<void>((resolve) => server.listen({ port, host }, resolve))
    holder = server
  }

  test.each(['127.0.0.1', '::1'])('PORT on %s', async (host) => {
    await hold(Number(base['PORT']), host)
    const error = await refusal(base)
    expect(error.code).toBe('CW_PORT_TAKEN')
    expect(error.message).toMatch(/^PORT: another process already listens on /)
    expect(error.message).toContain(host)
    expect(error.hint).toMatch(/PORT=\d+/)
  })

  test('KEYCLOAK_PORT', async () => {
    const { KEYCLOAK_SERVER: _server, ...env } = await variables({})
    await hold(Number(env['KEYCLOAK_PORT']), '127.0.0.1')
    const error = await refusal(env)
    expect(error.code).toBe('CW_PORT_TAKEN')
    expect(error.message).toMatch(/^KEYCLOAK_PORT: /)
  })
})

describe('the program', () => {
  const programs: Program[] = []
  afterEach(async () => {
    for (const program of programs.splice(0)) {
      program.child.kill('SIGKILL')
      await program.ended
    }
  })

  function run(env: NodeJS.ProcessEnv): Program {
    const program = startProgram(env)
    programs.push(program)
    return program
  }

  test('reports all problems of its variables and exits with 1', async () => {
    const program = run({ PORT: 'eighty', KEYCLOAK_REALM: 'a/b' })
    expect(await program.ended).toBe(1)
    expect(program.output()).toContain('PORT is "eighty"')
    expect(program.output()).toContain('KEYCLOAK_REALM is "a/b"')
    expect(program.output()).not.toMatch(/\n\s+at /)
  })

  test('waits for a Keycloak that has not started, and prints it', async () => {
    const port = await freePort()
    const env = await variables({ KEYCLOAK_SERVER: `http://localhost:${port}`, KEYCLOAK_WAIT: '30' })
    const program = run(env)
    await program.printed(/Waiting up to 30 s for Keycloak at http:\/\/localhost/)
    await startRealm(port)
    await applyRealm(loadConfig(env)).catch(() => {})
    // The realm may be created a moment after Keycloak starts: both outputs show that the wait is over.
    await Promise.race([program.printed(/ready in \d+ ms/), program.ended])
    expect(program.output()).toMatch(/ready in \d+ ms|CW_REALM_MISMATCH/)
  })

  test('stops on SIGTERM while it waits', async () => {
    const port = await freePort()
    const program = run({ ...base, KEYCLOAK_SERVER: `http://localhost:${port}`, KEYCLOAK_WAIT: '60' })
    await program.printed(/Waiting/)
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  test('embedded: prints the URLs, locks its folder, stops cleanly, and keeps its data', async () => {
    const { KEYCLOAK_SERVER: _server, DATABASE_URL: _url, ...env } = await variables({})
    const config = loadConfig(env)
    const first = run(env)
    await first.printed(/ready in \d+ ms/)
    await first.printed(/Ctrl\+C/)
    const secret = await config.clientSecret()
    expect(first.output()).toContain(`$(cat '${env['CLOAKWRIGHT_HOME']}/client-secret')`)
    expect(first.output()).not.toContain(secret)

    const second = run({ ...env, PORT: String(await freePort()), KEYCLOAK_PORT: String(await freePort()) })
    expect(await second.ended).toBe(1)
    expect(second.output()).toContain('CW_HOME_LOCKED')
    expect(second.output()).toContain(String(first.child.pid))

    const token = await grant(config, secret)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const created = await fetch(`${config.publicUrl}/notes`, {
      method: 'POST',
      headers,
      body: '{"title":"kept"}',
    })
    expect(created.status).toBe(201)
    first.child.kill('SIGKILL')
    await first.ended

    const third = run(env)
    await third.printed(/ready in \d+ ms/)
    const notes = await fetch(`${config.publicUrl}/notes`, { headers })
    expect(await notes.json()).toMatchObject({ items: [{ title: 'kept' }] })
    third.child.kill('SIGTERM')
    expect(await third.ended).toBe(0)
  }, 60_000)
})

async function grant(config: Config, secret: string): Promise<string> {
  const answer = await fetch(`${config.keycloak.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: config.keycloak.clientId,
      client_secret: secret,
      username: 'bob',
      password: 'bob',
    }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}
