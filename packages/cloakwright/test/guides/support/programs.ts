import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import { createDevRealm, type DevRealm } from '@cloakwright/devrealm'
import { vi } from 'vitest'
import { freePort } from '../../../../../scripts/lib/ports.mjs'
import { Browser } from '../../session/support/browser.ts'
import { onKeycloak, signIn } from '../../session/support/realm.ts'

const home = join(import.meta.dirname, '../../..')
const guides = join(home, '../../docs/guides')

/** A block of code of a guide, unchanged, and the name of its file if the guide states one: ```ts auth.ts */
export interface Block {
  readonly file: string | undefined
  readonly code: string
}

/** The code of a guide in one language, in order; TypeScript by default. */
export function blocksOf(
  guide: string,
  language: 'tsx?' | 'html' | 'js' | 'json' | 'sh' = 'tsx?',
): readonly Block[] {
  const text = readFileSync(join(guides, guide), 'utf8')
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}(?: ([^\\n]+))?\\n(.*?)^\`\`\``, 'gms'))
  return [...blocks].map(([, file, code = '']) => ({ file, code }))
}

/** A folder in which the code of guides finds this package by its name, and the frameworks. */
export interface Folder {
  readonly path: string
  write(file: string, text: string): void
  remove(): void
}

export function openFolder(): Folder {
  const path = mkdtempSync(join(home, '.examples-'))
  return {
    path,
    write(file, text) {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), text)
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** A tsconfig.json that compiles all files of its folder against the built declarations, as a user does. */
export function projectOf(compilerOptions: object, base: string): string {
  return JSON.stringify({
    extends: base,
    compilerOptions: { ...compilerOptions, customConditions: [] },
    include: ['**/*'],
  })
}

/** A running app. */
export interface Program {
  /** Asks it to stop, and resolves to its exit code. */
  end(): Promise<number | null>
  stop(): Promise<void>
}

/** The lines of an app that are not empty. */
export function linesOf(code: string): number {
  return code.split('\n').filter((line) => line.trim() !== '').length
}

/** Starts a file of the folder as the guides do, on the built package, and waits until `url` responds. */
export async function start(
  folder: Folder,
  file: string,
  variables: Record<string, string>,
  url: string,
): Promise<Program> {
  const { NODE_OPTIONS: _options, NODE_ENV: _environment, VITEST: _vitest, ...inherited } = process.env
  const env = { ...inherited, ...variables }
  const loader = file.endsWith('ts') ? ['--import', 'tsx'] : []
  const child = spawn(process.execPath, [...loader, file], { cwd: folder.path, env })
  const ended = once(child, 'close')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += String(part)))
  const hasEnded = ended.then(() => Promise.reject(new Error(`${file} ended:\n${output}`)))
  await Promise.race([vi.waitFor(() => fetch(url), { timeout: 60_000, interval: 100 }), hasEnded])
  hasEnded.catch(() => {})
  return {
    async end() {
      child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** The realm of the guides for apps at any URL, one realm each. */
export interface GuideRealms {
  /**
   * Imports `login-realm.json` for an app, and returns the app's variables.
   *
   * @param client Changes of the app's client.
   * @param clientRoles Roles of that client, which alice has.
   */
  add(publicUrl: string, client?: object, clientRoles?: readonly string[]): Promise<Record<string, string>>
  /** Signs a user out at the realm, as an administrator does. */
  signOut(issuer: string, username: string): Promise<void>
  close(): Promise<void>
}

/** On the embedded realm or, with `CONFORMANCE_SERVER`, on a real Keycloak. */
export async function openRealms(): Promise<GuideRealms> {
  const { server, importRealm, admin, close } = await openServer()
  const prefix = `shop-${randomBytes(3).toString('hex')}`
  let count = 0
  return {
    async add(publicUrl, client = {}, clientRoles = []) {
      const text = readFileSync(join(guides, 'login-realm.json'), 'utf8')
      const definition = JSON.parse(text.replaceAll('http://localhost:3000', publicUrl)) as {
        readonly roles: object
        readonly clients: readonly object[]
        readonly users: readonly object[]
      }
      const name = `${prefix}-${count++}`
      const clients = definition.clients.map((one) => ({ ...one, ...client }))
      const [alice, ...others] = definition.users
      await importRealm({
        ...definition,
        roles: { ...definition.roles, client: { shop: clientRoles.map((role) => ({ name: role })) } },
        clients,
        users: [{ ...alice, clientRoles: { shop: clientRoles } }, ...others],
        realm: name,
      })
      return {
        KEYCLOAK_ISSUER: `${server}/realms/${name}`,
        KEYCLOAK_CLIENT_SECRET: 'secret-for-development',
        PUBLIC_URL: publicUrl,
        SESSION_KEY: Buffer.alloc(32, count).toString('base64'),
      }
    },
    async signOut(issuer, username) {
      const users = `/${issuer.split('/realms/')[1]}/users`
      const found = await admin('GET', `${users}?exact=true&username=${username}`)
      const [user] = (await found.json()) as { id: string }[]
      await admin('POST', `${users}/${user?.id}/logout`)
    },
    async close() {
      // The embedded realm ends with its server.
      if (onKeycloak) for (; count > 0; count--) await admin('DELETE', `/${prefix}-${count - 1}`)
      await close()
    },
  }
}

interface RealmServer {
  readonly server: string
  importRealm(definition: { readonly realm: string; readonly [member: string]: unknown }): Promise<unknown>
  /** A request to the Admin API. */
  admin(method: string, path: string, body?: object): Promise<Response>
  close(): Promise<void>
}

async function openServer(): Promise<RealmServer> {
  const given = process.env['CONFORMANCE_SERVER']?.replace(/\/+$/, '')
  const embedded: DevRealm | undefined =
    given === undefined
      ? await createDevRealm({ admin: { username: 'admin', password: 'admin' } })
      : undefined
  const server = (await embedded?.listen()) ?? (given as string)
  const admin: RealmServer['admin'] = async (method, path, body) => {
    const form = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }
    const url = `${server}/realms/master/protocol/openid-connect/token`
    const granted = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
    const { access_token } = (await granted.json()) as { access_token: string }
    const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
    const text = body === undefined ? null : JSON.stringify(body)
    const response = await fetch(`${server}/admin/realms${path}`, { method, headers, body: text })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  return {
    server,
    admin,
    importRealm: (definition) => embedded?.importRealm(definition) ?? admin('POST', '', definition),
    close: async () => await embedded?.close(),
  }
}

/** `http://localhost` with a free port. */
export async function freeUrl(): Promise<string> {
  return `http://localhost:${await freePort()}`
}

/** A browser that follows the app's redirect to the login, signs in, and is back on the page. */
export async function openSignedIn(
  page: string,
  user: string,
): Promise<{ readonly browser: Browser; readonly response: Response }> {
  const browser = new Browser({})
  return { browser, response: await signIn(browser, user, page) }
}

/** The headers of a browser after a click on a link of a page of the same origin. */
export const click = {
  accept: 'text/html',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-user': '?1',
} as const

/** Opens a link as a browser does; `fetch` would replace its mode. Follows redirects. */
export async function openLink(
  browser: Browser,
  url: string,
  headers: Readonly<Record<string, string>> = click,
): Promise<Response> {
  const jar = browser.cookies(new URL(url).hostname)
  const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
  const [response] = (await once(get(url, { headers: { ...headers, cookie } }), 'response')) as [
    IncomingMessage,
  ]
  for (const set of response.headers['set-cookie'] ?? [])
    if (set.includes('Max-Age=0')) browser.jar.get(new URL(url).hostname)?.delete(set.split('=')[0] ?? '')
  const chunks = (await response.toArray()) as Buffer[]
  const { location } = response.headers
  if (location !== undefined) return await browser.open(new URL(location, url).href)
  return new Response(Buffer.concat(chunks), { status: response.statusCode ?? 0 })
}

/** What a form of a page of the app sends. */
export const form = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
} as const
