import {
  type Admin,
  type AdminOptions,
  type ClientCredentials,
  type Credentials,
  createAdmin,
  type PrivateKeyCredentials,
} from '@cloakwright/admin'
import { CloakwrightError, isLoopback } from 'cloakwright'
import {
  administrator,
  keycloakRealm,
  keycloakServer,
  readProfile,
  readSecretFile,
  variable,
} from '../environment/index.ts'
import { UsageError } from '../exit.ts'
import { toServer } from '../options/index.ts'

/** The options by which a command finds its realm: program/options.ts describes them. */
export interface ConnectionOptions {
  readonly server?: string
  readonly realm?: string
  readonly profile?: string
  readonly dangerouslyAllowHttp?: true
}

/** A realm, and who administers it. */
interface Connection {
  readonly server: string
  readonly realm: string
  readonly credentials: Credentials
}

let chosen: string | undefined
let isDefaultRealm = false

/** Whether nothing said which realm the last connection is to: for an error that may be about that. */
export function isRealmByDefault(): boolean {
  return isDefaultRealm
}

/** Whom the last connection went as, and what said so: for an error that is about that. */
export function chosenAccount(): string | undefined {
  return chosen
}

function forgetLast(): void {
  chosen = undefined
  isDefaultRealm = false
}

/**
 * The realm of the options, a profile or the variables, in this order. A profile is taken whole: its secret never goes
 * to a server that a variable names.
 *
 * @throws {CW_CONFIG_MISSING} without credentials for a server that is not on this machine
 * @throws {CW_CONFIG_INSECURE} for plain http beyond this machine
 */
export function connect(
  options: ConnectionOptions,
  more: Pick<AdminOptions, 'signal' | 'recorder' | 'dryRun'> = {},
): Admin {
  return createAdmin({ ...connectionOf(options), ...more })
}

/**
 * For the commands that take a realm's definition: a profile, or else the administrator. The variables of a client are
 * what that realm is described with.
 */
export function connectToDefine(
  options: Omit<ConnectionOptions, 'realm'>,
  more: Pick<AdminOptions, 'recorder'> = {},
): {
  readonly admin: Admin
  /** The live realm, where there is no definition. */
  readonly realm: string
} {
  const name = profileNameOf(options)
  forgetLast()
  const { server, realm, credentials, isHttpAllowed } =
    name === undefined ? asAdministrator(options) : byProfile(name, options)
  refusePlainHttp(server, isHttpAllowed || options.dangerouslyAllowHttp === true)
  return { admin: createAdmin({ server, credentials, ...more }), realm }
}

function asAdministrator(options: ConnectionOptions) {
  const server = options.server ?? keycloakServer()
  return { server, realm: keycloakRealm(), credentials: administrator(server), isHttpAllowed: false }
}

function profileNameOf({ profile }: ConnectionOptions): string | undefined {
  return profile ?? variable('CLOAKWRIGHT_PROFILE')
}

/** The connection of these options. */
function connectionOf(options: ConnectionOptions): Connection {
  const name = profileNameOf(options)
  forgetLast()
  if (options.realm === '') {
    throw new UsageError('--realm is empty', "Give the realm's name, or leave --realm out")
  }
  if (/[/\\]|\.(?:[cm]?[jt]s|json)$/.test(options.realm ?? '')) {
    throw new UsageError(
      `--realm ${options.realm} names a file; here it is the realm's name`,
      'Only the commands realm and keycloak take a module',
    )
  }
  const { isHttpAllowed, ...connection } =
    name === undefined ? { ...byVariables(options), isHttpAllowed: false } : byProfile(name, options)
  refusePlainHttp(connection.server, isHttpAllowed || options.dangerouslyAllowHttp === true)
  const { credentials } = connection
  const [account, variable] =
    'username' in credentials
      ? [credentials.username, 'KC_BOOTSTRAP_ADMIN_USERNAME']
      : [`the service account of ${credentials.clientId}`, 'KEYCLOAK_CLIENT_ID']
  chosen = `${account}, by ${name === undefined ? variable : `the profile ${name}`}`
  return connection
}

function byProfile(name: string, options: ConnectionOptions) {
  const { server: given, realm, credentials, dangerouslyAllowHttp, file } = readProfile(name)
  const server = checkedServer(given, file)
  if (options.server !== undefined && options.server !== server) {
    throw new UsageError(
      `--server ${options.server} is not the server of the profile ${name}, ${server}`,
      "A profile's secret goes to its own server only: leave --server out, or take another profile",
    )
  }
  return { server, realm: options.realm ?? realm, credentials, isHttpAllowed: dangerouslyAllowHttp }
}

function byVariables(options: ConnectionOptions) {
  const server = options.server ?? keycloakServer()
  const realm = options.realm ?? keycloakRealm()
  isDefaultRealm = options.realm === undefined && variable('KEYCLOAK_REALM') === undefined
  const credentials = serviceAccount(realm) ?? administrator(server)
  return { server, realm, credentials }
}

/** The client whose service account administers, where its id and its key or secret are set. */
function serviceAccount(realm: string): ClientCredentials | PrivateKeyCredentials | undefined {
  const clientId = variable('KEYCLOAK_CLIENT_ID')
  if (clientId === undefined) return undefined
  const client = { clientId, realm: variable('KEYCLOAK_REALM') ?? realm }
  // Read at each login, so that a secret or key that was changed is taken up.
  const fileOf = (name: string) => {
    const file = variable(name)
    return file !== undefined ? () => readSecretFile(name, file) : undefined
  }
  const privateKey = fileOf('KEYCLOAK_CLIENT_KEY_FILE')
  if (privateKey !== undefined) return { ...client, privateKey }
  const clientSecret = fileOf('KEYCLOAK_CLIENT_SECRET_FILE') ?? variable('KEYCLOAK_CLIENT_SECRET')
  return clientSecret ? { ...client, clientSecret } : undefined
}

function checkedServer(server: string, file: string): string {
  try {
    return toServer(server)
  } catch (error) {
    throw new CloakwrightError('CW_CONFIG_INVALID', `${file}: server. ${(error as Error).message}`, {
      hint: 'Correct the profile',
    })
  }
}

/** Password, secret and token would be anybody's on the way. */
function refusePlainHttp(server: string, isAllowed: boolean): void {
  if (!server.startsWith('http:') || isLoopback(server)) return
  if (isAllowed && process.env['NODE_ENV'] !== 'production') return
  throw new CloakwrightError('CW_CONFIG_INSECURE', `${server} is plain http, and not on this machine`, {
    hint: 'Use https; on a network that you trust, --dangerously-allow-http (or "dangerouslyAllowHttp": true in the profile)',
  })
}
