import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createAdmin } from '@cloakwright/admin'
import { ensureRealm } from '@cloakwright/admin/realm'
import { type Config, loadConfig } from '../../src/config/index.ts'
import { createLogger } from '../../src/log/logger.ts'
import { realmDefinition } from '../../src/realm.ts'
import { createServer } from '../../src/server.ts'

/**
 * The server under test, with its environment: the embedded parts in a separate folder, or the real Keycloak
 * and PostgreSQL of `KEYCLOAK_SERVER` and `DATABASE_URL`, with a separate realm. The tests are the same for both.
 */
export interface TestServer {
  readonly config: Config
  /** The server's URL, with the host name of its PUBLIC_URL. */
  readonly url: string
  /** All log lines. */
  readonly log: string[]
  /** A token by the password grant. */
  token(username: 'alice' | 'bob'): Promise<string>
  /** Sends requests with a bearer token, or without one. */
  request(path: string, options?: RequestOptions): Promise<Response>
  /** The database's copies of the user with that `sub`. */
  users(sub: string): Promise<object[]>
  close(): Promise<void>
}

export interface RequestOptions {
  readonly method?: string
  readonly token?: string
  readonly headers?: Record<string, string>
  /** Sent as JSON; a string is sent unchanged. */
  readonly body?: unknown
}

/** Whether the real Keycloak and PostgreSQL are under test. */
export const real = process.env['KEYCLOAK_SERVER'] !== undefined

/** Variables for a separate server: free ports, a state folder, a unique realm name. */
export async function testVariables(extra: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
  const { KEYCLOAK_SERVER, DATABASE_URL } = process.env
  return {
    PORT: String(await freePort()),
    KEYCLOAK_PORT: String(await freePort()),
    KEYCLOAK_REALM: `server-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`,
    CLOAKWRIGHT_HOME: mkdtempSync(join(tmpdir(), 'cloakwright-server-')),
    KEYCLOAK_WAIT: '0',
    ...(KEYCLOAK_SERVER === undefined ? {} : { KEYCLOAK_SERVER }),
    ...(DATABASE_URL === undefined ? {} : { DATABASE_URL }),
    ...extra,
  }
}

/** Starts the server in this process; `change` sets what no variable can set outside of production. */
export async function startServer(
  extra: NodeJS.ProcessEnv = {},
  change: Partial<Config> = {},
): Promise<TestServer> {
  const config = { ...loadConfig(await testVariables(extra)), ...change }
  await applyRealm(config)
  const log: string[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString())
      done()
    },
  })
  const server = await createServer(config, { logger: createLogger('debug', sink) })
  return {
    config,
    url: config.publicUrl,
    log,
    token: (username) => passwordGrant(config, username),
    request: (path, options = {}) => send(`${config.publicUrl}${path}`, options),
    async users(sub) {
      const { rows } = await server.database.sql.query(
        'select username, email from app.users where sub = $1',
        [sub],
      )
      return rows
    },
    async close() {
      await server.close()
      await removeRealm(config)
      rmSync(config.home, { recursive: true, force: true })
    },
  }
}

/** Applies the realm to a real Keycloak, as `npm run keycloak` does; the server applies it to the embedded one itself. */
export async function applyRealm(config: Config): Promise<void> {
  const { embedded, realm, clientId } = config.keycloak
  if (embedded) return
  const clientSecret = await config.clientSecret()
  const definition = realmDefinition({
    realm,
    clientId,
    clientSecret,
    publicUrl: config.publicUrl,
    profile: 'development',
  })
  await ensureRealm(keycloakAdmin(config), definition)
}

export async function removeRealm(config: Config): Promise<void> {
  if (!config.keycloak.embedded)
    await keycloakAdmin(config).client.realms.del({ realm: config.keycloak.realm })
}

/** The administrator of the Keycloak under test. */
export function keycloakAdmin(config: Config) {
  const { CONFORMANCE_ADMIN_USERNAME: username = 'admin', CONFORMANCE_ADMIN_PASSWORD: password = 'admin' } =
    process.env
  return createAdmin({ server: config.keycloak.server, credentials: { username, password } })
}

async function passwordGrant(config: Config, username: string): Promise<string> {
  const answer = await fetch(`${config.keycloak.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: config.keycloak.clientId,
      client_secret: await config.clientSecret(),
      username,
      password: username,
    }),
  })
  const { access_token: token } = (await answer.json()) as { access_token?: string }
  if (token === undefined) throw new Error(`no token for ${username}: status ${answer.status}`)
  return token
}

async function send(url: string, { method, token, headers, body }: RequestOptions): Promise<Response> {
  return await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createNetServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
