import type KeycloakAdminClient from '@keycloak/keycloak-admin-client'
import { CloakwrightError, requireOptions } from 'cloakwright'
import { byAuthor, type ChangeRecorder } from '../changes/index.ts'
import { type Known, requireKnown } from '../fields/index.ts'
import { createDurableClient } from './client.ts'
import { createRetry } from './retry.ts'
import { type Credentials, createTokenSource } from './tokens.ts'

/** Options of {@link createAdmin}. */
export interface AdminOptions {
  /** Keycloak's base URL, with or without a trailing slash: `https://id.example.com`. */
  readonly server: string
  /** The realm that is administered: where the client's functions go unless their `realm` says otherwise. Default: `master`. */
  readonly realm?: string
  readonly credentials: Credentials
  /** Milliseconds for one attempt. Default: 30,000. */
  readonly timeout?: number
  /** How often a request that is safe to repeat is retried after a network error, a time-out, 502, 503 or 504; every request after 429. Default: 3. */
  readonly retries?: number
  /** Ends every request, also those that wait to be repeated. */
  readonly signal?: AbortSignal
  /** Records the changes of tasks and jobs. Default: none. Calls by {@link Admin.client} are not recorded. */
  readonly recorder?: ChangeRecorder
  /** Tasks and jobs give the changes that they would make, and change nothing; any other write is refused. Default: false. */
  readonly dryRun?: boolean
  /** A monotonic clock in milliseconds. Default: `performance.now`. */
  readonly now?: () => number
}

const known: Known<AdminOptions> = {
  server: true,
  realm: true,
  credentials: true,
  timeout: true,
  retries: true,
  signal: true,
  recorder: true,
  dryRun: true,
  now: true,
}

/** Access to the Admin API. */
export interface Admin {
  /** The official client: its types, its functions; a token that is always fresh, and errors of type {@link CloakwrightError}. */
  readonly client: KeycloakAdminClient
  /** Keycloak's base URL, without a trailing slash. */
  readonly server: string
  /** The realm that is administered. */
  readonly realm: string
  /** Where tasks and jobs record what they change. */
  readonly recorder: ChangeRecorder | undefined
  /** Whether tasks and jobs only give the changes that they would make. */
  readonly dryRun: boolean
}

/**
 * Makes the official Keycloak admin client durable: it renews its token before it expires and when Keycloak refuses it,
 * bounds each request in time, repeats what may be repeated, and throws typed errors with Keycloak's own text.
 *
 * Nothing is sent until a function of the client is called.
 *
 * @throws {CW_CONFIG_INVALID} when `server` is not an http or https URL
 * @example
 * ```ts
 * import { createAdmin } from '@cloakwright/admin'
 *
 * const admin = createAdmin({
 *   server: 'https://id.example.com',
 *   realm: 'shop',
 *   credentials: { clientId: 'operator', clientSecret: () => process.env['OPERATOR_SECRET'] ?? '' },
 * })
 * const users = await admin.client.users.find({ search: 'alice' })
 * console.log(users.map(({ username }) => username))
 * ```
 */
export function createAdmin(options: AdminOptions): Admin {
  requireOptions('createAdmin', '{ server, credentials }', options, { now: 'function', recorder: 'object' })
  requireKnown('createAdmin', options, known, { realmName: 'realm', baseUrl: 'server' })
  if (typeof options.credentials !== 'object' || options.credentials === null)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'createAdmin: credentials are missing', {
      hint: 'Give { clientId, clientSecret }, or { username, password }.',
    })
  const {
    realm = 'master',
    credentials,
    timeout = 30_000,
    retries = 3,
    signal,
    dryRun = false,
    now = () => performance.now(),
  } = options
  const server = baseUrl(options.server)
  const retry = createRetry({ timeout, retries, signal })
  const tokens = createTokenSource({ server, realm, credentials, retry, now })
  const account = 'username' in credentials ? credentials.username : credentials.clientId
  const recorder = byAuthor(options.recorder, { account })
  return {
    client: createDurableClient({ server, realm, tokens, retry, recorder, dryRun }),
    server,
    realm,
    recorder,
    dryRun,
  }
}

function baseUrl(server: string): string {
  const url = toUrl(server)
  if (
    url === undefined ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      'The base URL of the server must be an http or https URL without credentials',
      {
        hint: 'Write it like https://id.example.com.',
      },
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** Not by `URL.canParse`: once optimized, that of Node 20 refuses URLs with Latin-1 characters that are not ASCII. */
function toUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
