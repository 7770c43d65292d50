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

/** The options of a connection, as options/shared-options.ts declares them. */
export interface ConnectionOptions {
  readonly server?: string
  readonly realm?: string
  readonly profile?: string
  readonly dangerouslyAllowHttp?: true
}

/** A realm, and the credentials of its administrator. */
interface Connection {
  readonly server: string
  readonly realm: string
  readonly credentials: Credentials
}

let chosen: string | undefined
let isDefaultRealm = false

/** Whether the last connection uses the default realm, for the hint of an error. */
export function isRealmByDefault(): boolean {
  return isDefaultRealm
}

/** The account of the last connection and its origin, for the hint of an error. */
export function chosenAccount(): string | undefined {
  return chosen
}

function forgetLast(): void {
  chosen = undefined
  isDefaultRealm = false
}

/**
 * Connects to the realm of the options, a profile or the variables, in this order. A profile is used as a whole: its
 * secret is never sent to a server that a variable names.
 *
 * @throws {CW_CONFIG_MISSING} without credentials for a server that is not on this machine
 * @throws {CW_CONFIG_INSECURE} for plain http to another machine
 */
export function connect(
  options: ConnectionOptions,
  more: Pick<AdminOptions, 'signal' | 'recorder' | 'dryRun'> = {},
): Admin {
  return createAdmin({ ...connectionOf(options), ...more })
}

/**
 * Connects with a profile, or else as the administrator, for commands that take a realm definition. The variables of a
 * client belong to the defined realm.
 */
export function connectToDefine(
  options: Omit<ConnectionOptions, 'realm'>,
  more: Pick<AdminOptions, 'recorder'> = {},
): {
  readonly admin: Admin
  /** The live realm, for commands without a definition. */
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
    throw new UsageError('--realm is empty', 'Give the name of the realm, or omit --realm')
  }
  if (/[/\\]|\.(?:[cm]?[jt]s|json)$/.test(options.realm ?? '')) {
    throw new UsageError(
      `--realm ${options.realm} is a file, not the name of a realm`,
      'Give the name. Only the commands realm and keycloak accept a file',
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
  chosen = `${account}, from ${name === undefined ? variable : `the profile ${name}`}`
  return connection
}

function byProfile(name: string, options: ConnectionOptions) {
  const { server: given, realm, credentials, dangerouslyAllowHttp, file } = readProfile(name)
  const server = checkedServer(given, file)
  if (options.server !== undefined && options.server !== server) {
    throw new UsageError(
      `--server ${options.server} differs from the server of the profile ${name}, ${server}`,
      'Omit --server, or use another profile: its secret is sent only to its own server',
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

/** The service account of the variables, if they have a client id and a key or secret. */
function serviceAccount(realm: string): ClientCredentials | PrivateKeyCredentials | undefined {
  const clientId = variable('KEYCLOAK_CLIENT_ID')
  if (clientId === undefined) return undefined
  const client = { clientId, realm: variable('KEYCLOAK_REALM') ?? realm }
  // Read at each login, so that a changed secret or key is used.
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
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      `${file}: server is not valid. ${(error as Error).message}`,
      {
        hint: 'Correct the profile',
      },
    )
  }
}

/** Refuses plain http to another machine: passwords, secrets and tokens could be read on the way. */
function refusePlainHttp(server: string, isAllowed: boolean): void {
  if (!server.startsWith('http:') || isLoopback(server)) return
  if (isAllowed && process.env['NODE_ENV'] !== 'production') return
  throw new CloakwrightError('CW_CONFIG_INSECURE', `${server} is plain http to another machine`, {
    hint: 'Use https, or on a trusted network --dangerously-allow-http ("dangerouslyAllowHttp": true in the profile)',
  })
}
