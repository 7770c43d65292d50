import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { CloakwrightError, systemTime } from 'cloakwright'
import { Environment, type GivenSecret } from './config/environment.ts'
import * as address from './config/hosts.ts'
import * as parse from './config/parse.ts'

/** What both the server and the realm definition need to know. */
export interface RealmConfig {
  /** `NODE_ENV=production`: no embedded parts, no plain http beyond loopback, no generated secrets, no demo users. */
  readonly production: boolean
  /** The folder of embedded parts and generated secrets, absolute. */
  readonly home: string
  /** The origin that browsers use, without a trailing slash. */
  readonly publicUrl: string
  readonly keycloak: {
    /** Whether the embedded realm is used; its base URL is then {@link server}. */
    readonly embedded: boolean
    readonly port: number
    /** Public base URL, without a trailing slash. */
    readonly server: string
    /** Where this server reaches Keycloak; equals {@link server} unless told otherwise. */
    readonly internalUrl: string
    readonly realm: string
    readonly clientId: string
    /** `{server}/realms/{realm}` as tokens state it. */
    readonly issuer: string
    /** `{internalUrl}/realms/{realm}`: the realm as this server reaches it. */
    readonly realmUrl: string
    /** Seconds that start-up waits for a Keycloak that does not answer yet; 0 stops at once. */
    readonly wait: number
  }
  /** The client's secret; read again from its file at each call, so that a rotated one is used at once. */
  clientSecret(): Promise<string>
  /** The file that holds the secret, where it comes from one. */
  readonly clientSecretFile: string | undefined
}

/** The server's whole configuration. */
export interface Config extends RealmConfig {
  readonly port: number
  /** Addresses to listen on; `undefined` is loopback, 127.0.0.1 and ::1. */
  readonly hosts: readonly string[] | undefined
  /** The connection string, read again at each call; `undefined` is the embedded database. */
  readonly databaseUrl: (() => string) | undefined
  /** The keys that encrypt session tokens, the first one encrypts; read again at each call. */
  sessionKeys(): Promise<parse.ConfiguredKey[]>
  /** Addresses and networks whose forwarded headers count. */
  readonly trustedProxies: readonly string[]
  readonly logLevel: string
  /** Which of these are public: in production none unless `EXPOSE` names them. */
  readonly exposed: readonly Exposable[]
  /** The administrator that the embedded Keycloak is made with, by the variables of Keycloak's own container. */
  readonly administrator: { readonly username: string; readonly password: string }
  /** Names of variables that look like this server's and have no effect. */
  readonly unknownVariables: readonly string[]
}

/** What is for operators and developers. */
export type Exposable = 'metrics' | 'docs'

/**
 * Reads the server's configuration from environment variables.
 *
 * @throws {CW_CONFIG_INVALID} Or `CW_CONFIG_MISSING`, `CW_CONFIG_INSECURE` when all problems are of that kind. The
 * message has one line a variable: its name, what was found and why that won't do; the hint has the fixes.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const variables = new Environment(env)
  const realm = readRealmConfig(variables)
  const database = variables.secret('DATABASE_URL', parse.databaseUrlProblem, DATABASE_URL_FIX)
  if (realm.production && database === undefined) {
    variables.missing(
      'DATABASE_URL',
      'is not set, and NODE_ENV=production refuses the embedded database',
      DATABASE_URL_FIX,
    )
  }
  const keys = variables.secret('SESSION_KEYS', sessionKeysProblem, SESSION_KEYS_FIX)
  if (realm.production && keys === undefined) {
    variables.missing(
      'SESSION_KEYS',
      'is not set, and NODE_ENV=production refuses generated keys',
      SESSION_KEYS_FIX,
    )
  }
  const config = {
    ...realm,
    port: readPort(variables),
    hosts: variables.parsed(
      'HOST',
      address.hosts,
      'an address',
      'Use an address such as 0.0.0.0, several comma-separated.',
    ),
    databaseUrl: database === undefined ? undefined : () => database.read(),
    sessionKeys: async () => toKeys(keys?.read() ?? (await kept(realm.home, 'session-keys', newSessionKey))),
    trustedProxies:
      variables.parsed(
        'TRUSTED_PROXIES',
        address.networks,
        'a list of addresses',
        'Use addresses or networks such as 10.0.0.0/8,::1.',
      ) ?? [],
    logLevel:
      variables.parsed(
        'LOG_LEVEL',
        parse.oneOf(...LOG_LEVELS),
        'a log level',
        `Use one of ${LOG_LEVELS.join(', ')}.`,
      ) ?? 'info',
    exposed:
      variables.parsed(
        'EXPOSE',
        parse.someOf('metrics', 'docs'),
        'a list of metrics and docs',
        'Use metrics, docs, or metrics,docs.',
      ) ?? (realm.production ? [] : ['metrics' as const, 'docs' as const]),
    administrator: readAdministrator(variables),
  }
  variables.throwProblems()
  return { ...config, unknownVariables: variables.unknown() }
}

/**
 * Reads only what a realm definition depends on, so that a realm can be applied from a machine that has no database.
 *
 * @throws {CW_CONFIG_INVALID} As {@link loadConfig}.
 */
export function loadRealmConfig(env: NodeJS.ProcessEnv): RealmConfig {
  const variables = new Environment(env)
  const config = readRealmConfig(variables)
  variables.throwProblems()
  return config
}

function readRealmConfig(variables: Environment): RealmConfig {
  const mode = variables.parsed(
    'NODE_ENV',
    parse.oneOf('production', 'development', 'test'),
    'known: a mistyped production would be development',
    'Use production, development or test, or unset it for development.',
  )
  const production = mode === 'production'
  const home = resolve(
    variables.parsed(
      'CLOAKWRIGHT_HOME',
      parse.folder,
      'a path',
      'Use a path such as /var/lib/cloakwright.',
    ) ?? '.cloakwright',
  )
  const publicUrl =
    variables.parsed(
      'PUBLIC_URL',
      address.origin,
      'an origin',
      'Use scheme, host and port alone, such as https://app.example.com.',
    ) ?? `http://localhost:${readPort(variables, false)}`
  refusePlainHttp(variables, 'PUBLIC_URL', publicUrl, production)
  const keycloak = readKeycloak(variables, production)
  const secret = readClientSecret(variables, keycloak, production)
  return {
    production,
    home,
    publicUrl,
    keycloak,
    clientSecret: async () => secret?.read() ?? kept(home, 'client-secret', newSecret),
    clientSecretFile: secret === undefined ? join(home, 'client-secret') : secret.file,
  }
}

function readAdministrator(variables: Environment): Config['administrator'] {
  const fix = 'Name the administrator as for Keycloak’s own container, or unset it for admin.'
  const name = variables.parsed('KC_BOOTSTRAP_ADMIN_USERNAME', parse.name, 'a user name', fix)
  const password = variables.secret('KC_BOOTSTRAP_ADMIN_PASSWORD', () => undefined, fix)
  return { username: name ?? 'admin', password: password?.read() ?? 'admin' }
}

function readKeycloak(variables: Environment, production: boolean): RealmConfig['keycloak'] {
  const given = variables.parsed(
    'KEYCLOAK_SERVER',
    address.baseUrl,
    'a base URL',
    'Use a URL such as https://login.example.com/.',
  )
  const embedded = !variables.isSet('KEYCLOAK_SERVER')
  const port =
    variables.parsed(
      'KEYCLOAK_PORT',
      address.wholeNumber(1, 65_535),
      'a port',
      'Use a number from 1 to 65535. (Kubernetes sets it for a service named keycloak: enableServiceLinks: false.)',
    ) ?? 8080
  if (given?.includes('/realms/') === true) {
    variables.invalid(
      'KEYCLOAK_SERVER',
      `is ${given}, the URL of a realm and not of Keycloak`,
      `Use ${given.slice(0, given.indexOf('/realms/'))} here, and the realm’s name in KEYCLOAK_REALM.`,
    )
  }
  const server = given ?? `http://localhost:${port}`
  if (embedded && production) {
    variables.missing(
      'KEYCLOAK_SERVER',
      'is not set, and NODE_ENV=production refuses the embedded realm',
      'Set the base URL of Keycloak, such as https://login.example.com.',
    )
  }
  refusePlainHttp(variables, 'KEYCLOAK_SERVER', server, production)
  const internalUrl = variables.parsed(
    'KEYCLOAK_INTERNAL_URL',
    address.internalUrl,
    'a base URL',
    'Use the URL by which this server reaches Keycloak, such as http://keycloak:8080.',
  )
  if (embedded && internalUrl !== undefined) {
    variables.invalid(
      'KEYCLOAK_INTERNAL_URL',
      'is set while KEYCLOAK_SERVER is not: the embedded realm has no other address',
      'Set KEYCLOAK_SERVER to the URL that browsers use, or unset KEYCLOAK_INTERNAL_URL.',
    )
  }
  const realm =
    variables.parsed('KEYCLOAK_REALM', parse.name, 'a realm name', 'Use letters, digits, - and _.') ??
    'cloakwright'
  const clientId =
    variables.parsed('KEYCLOAK_CLIENT_ID', parse.name, 'a client name', 'Use letters, digits, - and _.') ??
    'cloakwright-app'
  if (clientId === 'account') {
    variables.insecure(
      'KEYCLOAK_CLIENT_ID',
      'is "account", an audience that nearly every token of the realm has',
      "Use a client of this service's own.",
    )
  }
  const wait = variables.parsed(
    'KEYCLOAK_WAIT',
    address.wholeNumber(0, 3600),
    'a number of seconds',
    'Use 0 (stop at once) to 3600.',
  )
  const path = `/realms/${encodeURIComponent(realm)}`
  const reached = internalUrl ?? server
  return {
    embedded,
    port,
    server,
    internalUrl: reached,
    realm,
    clientId,
    issuer: `${server}${path}`,
    realmUrl: `${reached}${path}`,
    wait: wait ?? 120,
  }
}

function readClientSecret(
  variables: Environment,
  keycloak: RealmConfig['keycloak'],
  production: boolean,
): GivenSecret | undefined {
  const fix = `Copy the secret of the client ${keycloak.clientId} from Keycloak (Clients, Credentials), or set KEYCLOAK_CLIENT_SECRET_FILE.`
  const secret = variables.secret('KEYCLOAK_CLIENT_SECRET', clientSecretProblem, fix)
  const given = secret !== undefined || variables.isSet('KEYCLOAK_CLIENT_SECRET_FILE')
  if (given || (!production && (keycloak.embedded || address.isLoopback(keycloak.server)))) return secret
  const why = production
    ? 'is not set, and NODE_ENV=production refuses a generated secret'
    : `is not set, and the Keycloak at ${keycloak.server} is not on this machine, so a generated secret can't fit`
  variables.missing('KEYCLOAK_CLIENT_SECRET', why, fix)
  return undefined
}

function refusePlainHttp(variables: Environment, variable: string, url: string, production: boolean): void {
  if (!production || !url.startsWith('http:') || address.isLoopback(url)) return
  variables.insecure(
    variable,
    `is ${url}: plain http beyond loopback shows tokens and cookies to the network`,
    'Use its https address.',
  )
}

function readPort(variables: Environment, report = true): number {
  const valid = address.wholeNumber(1, 65_535)
  if (!report) return valid(variables.get('PORT') ?? '') ?? 8000
  // 0 is refused: the realm must know the callback's port before the server listens.
  return variables.parsed('PORT', valid, 'a port', 'Use a number from 1 to 65535.') ?? 8000
}

const DATABASE_URL_FIX = 'Use postgresql://user:password@host:5432/database.'
const SESSION_KEYS_FIX = 'Make one with: echo "k1:$(openssl rand -base64 32)"'
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

function clientSecretProblem(value: string): string | undefined {
  return /^\*+$/.test(value) ? 'is the mask that Keycloak shows instead of the secret' : undefined
}

function sessionKeysProblem(value: string): string | undefined {
  const keys = parse.sessionKeys(value)
  return typeof keys === 'string' ? keys : undefined
}

function toKeys(value: string): parse.ConfiguredKey[] {
  const keys = parse.sessionKeys(value)
  if (typeof keys === 'string') throw new Error(`the kept session keys: ${keys}`)
  return keys
}

/** Generated secrets belong to the embedded parts, which production never loads: hence the late import. */
async function kept(home: string, file: string, make: () => string): Promise<string> {
  const { keptSecret } = await import('@cloakwright/devrealm/home')
  try {
    return keptSecret(home, file, make)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof CloakwrightError || code === undefined) throw error
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      `CLOAKWRIGHT_HOME: ${file} can't be kept in ${home} (${code})`,
      {
        hint: 'Set CLOAKWRIGHT_HOME to a folder that this user may write to.',
        cause: error,
      },
    )
  }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function newSessionKey(): string {
  return `k${systemTime().toString(36)}:${randomBytes(32).toString('base64')}`
}
