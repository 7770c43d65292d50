import { Environment } from './environment.ts'
import { generatedSessionKeys } from './generated-secrets.ts'
import * as address from './hosts.ts'
import * as parse from './parse.ts'
import { type RealmConfig, readPort, readRealmConfig } from './realm-config.ts'

/** The server's whole configuration. */
export interface Config extends RealmConfig {
  readonly port: number
  /** IP addresses or host names to listen on; `undefined` is loopback, 127.0.0.1 and ::1. */
  readonly hosts: readonly string[] | undefined
  /** The connection string, read again at each call; `undefined` means the embedded database. */
  readonly databaseUrl: (() => string) | undefined
  /** The keys that encrypt session tokens; the first one encrypts. Read again at each call. */
  sessionKeys(): Promise<parse.ConfiguredKey[]>
  /** IP addresses and networks whose forwarded headers are trusted. */
  readonly trustedProxies: readonly string[]
  readonly logLevel: string
  /** Which of these are public: in production none, unless `EXPOSE` lists them. */
  readonly exposed: readonly Exposable[]
  /** The administrator of the embedded Keycloak, from the variables of Keycloak's own container. */
  readonly administrator: { readonly username: string; readonly password: string }
  /** Variables with names like this server's that have no effect. */
  readonly unknownVariables: readonly string[]
}

/** Routes for operators and developers. */
export type Exposable = 'metrics' | 'docs'

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/**
 * Reads the server's configuration from environment variables.
 *
 * @throws {CW_CONFIG_INVALID} Or `CW_CONFIG_MISSING`, `CW_CONFIG_INSECURE` when all problems are of that kind. The
 * message has one line for each variable: its name, the value found and why it is invalid; the hint has the fixes.
 */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const variables = new Environment(env)
  const realm = readRealmConfig(variables)
  const config = {
    ...realm,
    port: readPort(variables),
    hosts: variables.parsed(
      'HOST',
      address.hosts,
      'an address',
      'Use an IP address such as 0.0.0.0, or several, comma-separated.',
    ),
    databaseUrl: readDatabaseUrl(variables, realm.production),
    sessionKeys: readSessionKeys(variables, realm),
    trustedProxies:
      variables.parsed(
        'TRUSTED_PROXIES',
        address.networks,
        'a list of IP addresses or networks',
        'Use IP addresses or networks such as 10.0.0.0/8,::1.',
      ) ?? [],
    logLevel:
      variables.parsed(
        'LOG_LEVEL',
        parse.oneOf(...logLevels),
        'a log level',
        `Use one of ${logLevels.join(', ')}.`,
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

function readDatabaseUrl(variables: Environment, production: boolean): Config['databaseUrl'] {
  const fix = 'Use postgresql://user:password@host:5432/database.'
  const url = variables.secret('DATABASE_URL', parse.databaseUrlProblem, fix)
  if (production && url === undefined) {
    variables.missing(
      'DATABASE_URL',
      'is not set, but NODE_ENV=production does not allow the embedded database',
      fix,
    )
  }
  return url === undefined ? undefined : () => url.read()
}

function readSessionKeys(variables: Environment, { home, production }: RealmConfig): Config['sessionKeys'] {
  const fix = 'Create one with: echo "k1:$(openssl rand -base64 32)"'
  const keys = variables.secret('SESSION_KEYS', sessionKeysProblem, fix)
  if (production && keys === undefined) {
    variables.missing(
      'SESSION_KEYS',
      'is not set, but NODE_ENV=production does not allow generated keys',
      fix,
    )
  }
  return async () => toKeys(keys?.read() ?? (await generatedSessionKeys(home)))
}

function readAdministrator(variables: Environment): Config['administrator'] {
  const fix = 'Set it as for Keycloak’s own container, or unset it for admin.'
  const name = variables.parsed('KC_BOOTSTRAP_ADMIN_USERNAME', parse.name, 'a user name', fix)
  const password = variables.secret('KC_BOOTSTRAP_ADMIN_PASSWORD', () => undefined, fix)
  return { username: name ?? 'admin', password: password?.read() ?? 'admin' }
}

function sessionKeysProblem(value: string): string | undefined {
  const keys = parse.sessionKeys(value)
  return typeof keys === 'string' ? keys : undefined
}

function toKeys(value: string): parse.ConfiguredKey[] {
  const keys = parse.sessionKeys(value)
  if (typeof keys === 'string') throw new Error(`the generated session keys: ${keys}`)
  return keys
}
