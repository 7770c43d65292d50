import { join, resolve } from 'node:path'
import { isLoopback } from 'cloakwright'
import { Environment, type GivenSecret } from './environment.ts'
import { generatedClientSecret } from './generated-secrets.ts'
import * as address from './hosts.ts'
import * as parse from './parse.ts'

/** Configuration that both the server and the realm definition need. */
export interface RealmConfig {
  /** `NODE_ENV=production`: no embedded parts, no plain http beyond loopback, no generated secrets, no demo users. */
  readonly production: boolean
  /** The folder of embedded parts and generated secrets, as an absolute path. */
  readonly home: string
  /** The origin that browsers use, without a trailing slash. */
  readonly publicUrl: string
  readonly keycloak: {
    /** Whether the embedded realm is used; its base URL is then {@link server}. */
    readonly embedded: boolean
    readonly port: number
    /** Public base URL, without a trailing slash. */
    readonly server: string
    /** The URL at which this server reaches Keycloak; equals {@link server} by default. */
    readonly internalUrl: string
    readonly realm: string
    readonly clientId: string
    /** `{server}/realms/{realm}`, as in tokens. */
    readonly issuer: string
    /** `{internalUrl}/realms/{realm}`: the URL at which this server reaches the realm. */
    readonly realmUrl: string
    /** Seconds that start-up waits for Keycloak to respond; 0 does not wait. */
    readonly wait: number
  }
  /** The client's secret; read again from its file at each call, so that a rotated one is used at once. */
  clientSecret(): Promise<string>
  /** The file with the secret, if it comes from one. */
  readonly clientSecretFile: string | undefined
}

/**
 * Reads only the variables that a realm definition needs, so that a realm can be applied from a machine without a database.
 *
 * @throws {CW_CONFIG_INVALID} As {@link loadConfig}.
 */
export function loadRealmConfig(env: NodeJS.ProcessEnv): RealmConfig {
  const variables = new Environment(env)
  const config = readRealmConfig(variables)
  variables.throwProblems()
  return config
}

/** Adds problems to `variables`, whose `throwProblems` reports them. */
export function readRealmConfig(variables: Environment): RealmConfig {
  const mode = variables.parsed(
    'NODE_ENV',
    parse.oneOf('production', 'development', 'test'),
    'known (a mistyped production would be development)',
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
      'Use scheme, host and port only, such as https://app.example.com.',
    ) ?? `http://localhost:${readPort(variables, false)}`
  refusePlainHttp(variables, 'PUBLIC_URL', publicUrl, production)
  const keycloak = readKeycloak(variables, production)
  const secret = readClientSecret(variables, keycloak, production)
  return {
    production,
    home,
    publicUrl,
    keycloak,
    clientSecret: async () => secret?.read() ?? generatedClientSecret(home),
    clientSecretFile: secret === undefined ? join(home, 'client-secret') : secret.file,
  }
}

function readKeycloak(variables: Environment, production: boolean): RealmConfig['keycloak'] {
  const { embedded, port, server } = readServer(variables, production)
  const internalUrl = readInternalUrl(variables, embedded) ?? server
  const realm =
    variables.parsed('KEYCLOAK_REALM', parse.name, 'a realm name', 'Use letters, digits, - and _.') ??
    'cloakwright'
  const clientId = readClientId(variables)
  const wait = variables.parsed(
    'KEYCLOAK_WAIT',
    address.wholeNumber(0, 3600),
    'a number of seconds',
    'Use 0 (do not wait) to 3600.',
  )
  const path = `/realms/${encodeURIComponent(realm)}`
  return {
    embedded,
    port,
    server,
    internalUrl,
    realm,
    clientId,
    issuer: `${server}${path}`,
    realmUrl: `${internalUrl}${path}`,
    wait: wait ?? 120,
  }
}

function readServer(
  variables: Environment,
  production: boolean,
): Pick<RealmConfig['keycloak'], 'embedded' | 'port' | 'server'> {
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
      'Use a number from 1 to 65535. (Kubernetes sets it for a service named keycloak; turn that off with enableServiceLinks: false.)',
    ) ?? 8080
  if (given?.includes('/realms/') === true) {
    variables.invalid(
      'KEYCLOAK_SERVER',
      `is ${given}, which is the URL of a realm, not of Keycloak`,
      `Use ${given.slice(0, given.indexOf('/realms/'))} here, and set KEYCLOAK_REALM to the realm’s name.`,
    )
  }
  const server = given ?? `http://localhost:${port}`
  if (embedded && production) {
    variables.missing(
      'KEYCLOAK_SERVER',
      'is not set, but NODE_ENV=production does not allow the embedded realm',
      'Set it to the base URL of Keycloak, such as https://login.example.com.',
    )
  }
  refusePlainHttp(variables, 'KEYCLOAK_SERVER', server, production)
  return { embedded, port, server }
}

function readInternalUrl(variables: Environment, embedded: boolean): string | undefined {
  const internalUrl = variables.parsed(
    'KEYCLOAK_INTERNAL_URL',
    address.internalUrl,
    'a base URL',
    'Use the URL at which this server reaches Keycloak, such as http://keycloak:8080.',
  )
  if (embedded && internalUrl !== undefined) {
    variables.invalid(
      'KEYCLOAK_INTERNAL_URL',
      'is set, but KEYCLOAK_SERVER is not: the embedded realm has no other URL',
      'Set KEYCLOAK_SERVER to the URL that browsers use, or unset KEYCLOAK_INTERNAL_URL.',
    )
  }
  return internalUrl
}

function readClientId(variables: Environment): string {
  const clientId =
    variables.parsed('KEYCLOAK_CLIENT_ID', parse.name, 'a client name', 'Use letters, digits, - and _.') ??
    'cloakwright-app'
  if (clientId === 'account') {
    variables.insecure(
      'KEYCLOAK_CLIENT_ID',
      'is "account", an audience that nearly every token of the realm has',
      "Use this service's own client.",
    )
  }
  return clientId
}

function readClientSecret(
  variables: Environment,
  keycloak: RealmConfig['keycloak'],
  production: boolean,
): GivenSecret | undefined {
  const fix = `Copy the secret of the client ${keycloak.clientId} from Keycloak (Clients, Credentials), or set KEYCLOAK_CLIENT_SECRET_FILE.`
  const secret = variables.secret('KEYCLOAK_CLIENT_SECRET', clientSecretProblem, fix)
  const given = secret !== undefined || variables.isSet('KEYCLOAK_CLIENT_SECRET_FILE')
  if (given || (!production && (keycloak.embedded || isLoopback(keycloak.server)))) return secret
  const why = production
    ? 'is not set, but NODE_ENV=production does not allow a generated secret'
    : `is not set, but the Keycloak at ${keycloak.server} is not on this machine, so a generated secret cannot match`
  variables.missing('KEYCLOAK_CLIENT_SECRET', why, fix)
  return undefined
}

function refusePlainHttp(variables: Environment, variable: string, url: string, production: boolean): void {
  if (!production || !url.startsWith('http:') || isLoopback(url)) return
  variables.insecure(
    variable,
    `is ${url}: plain http beyond loopback exposes tokens and cookies on the network`,
    'Use its https URL.',
  )
}

export function readPort(variables: Environment, report = true): number {
  const valid = address.wholeNumber(1, 65_535)
  if (!report) return valid(variables.get('PORT') ?? '') ?? 8000
  // 0 is refused: the realm must know the callback's port before the server listens.
  return variables.parsed('PORT', valid, 'a port', 'Use a number from 1 to 65535.') ?? 8000
}

function clientSecretProblem(value: string): string | undefined {
  return /^\*+$/.test(value) ? 'is the mask that Keycloak displays instead of the secret' : undefined
}
