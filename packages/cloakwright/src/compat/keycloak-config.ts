import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CloakwrightError } from '../errors.ts'
import { refuseConfigMembers, refuseMember } from './unsupported.ts'

/**
 * The content of `keycloak.json`, as the old adapter spelled it. As before, `ssl-required` and `confidential-port` have no
 * effect: plain http is accepted on loopback only.
 */
export interface KeycloakConfig {
  readonly realm?: string | undefined
  /** Keycloak's public base URL, as in `iss` before `/realms/`. */
  readonly 'auth-server-url'?: string | undefined
  readonly 'server-url'?: string | undefined
  readonly serverUrl?: string | undefined
  readonly authServerUrl?: string | undefined
  /** This service's client id: the required audience of tokens, and the client of roles without a colon. */
  readonly resource?: string | undefined
  readonly 'client-id'?: string | undefined
  readonly clientId?: string | undefined
  /** The client's secret, for browser login. */
  readonly credentials?: { readonly secret?: string | undefined } | undefined
  readonly secret?: string | undefined
  /** Must not be set with browser login. */
  readonly 'bearer-only'?: boolean | string | undefined
  readonly bearerOnly?: boolean | string | undefined
  /** Must not be set with browser login: its client needs a secret. */
  readonly 'public-client'?: boolean | string | undefined
  readonly public?: boolean | string | undefined
  readonly [member: string]: unknown
}

/** The values derived from {@link KeycloakConfig}; the client's secret is not among them. */
export interface ResolvedConfig {
  readonly realm: string
  readonly clientId: string
  /** Without a trailing slash. */
  readonly authServerUrl: string
  /** The issuer: `{authServerUrl}/realms/{realm}`. */
  readonly realmUrl: string
  /** The realm in the Admin API: `{authServerUrl}/admin/realms/{realm}`. */
  readonly realmAdminUrl: string
  readonly bearerOnly: boolean
  readonly public: boolean
}

/**
 * Reads the configuration like the old adapter: an object, or the path of a file, by default `keycloak.json` in the
 * working directory.
 *
 * @throws {CW_CONFIG_MISSING} The file is missing.
 * @throws {CW_CONFIG_INVALID} Not a JSON object.
 */
export function readConfig(config: KeycloakConfig | string | undefined): KeycloakConfig {
  const members = config === undefined || typeof config === 'string' ? readFile(config) : config
  if (typeof members !== 'object' || members === null || Array.isArray(members))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'keycloak.json: not a JSON object', { hint: download })
  return members
}

/**
 * Derives the values. `${env.NAME}` and `${env.NAME:default}` are replaced by variables.
 *
 * @throws {CW_CONFIG_MISSING} The realm, the server, the client or a variable is missing.
 * @throws {CW_CONFIG_INVALID} A member has another type, or would have no effect.
 */
export function resolveConfig(members: KeycloakConfig): ResolvedConfig {
  refuseConfigMembers(members)
  const realm = take(members, ['realm'])
  const clientId = take(members, ['resource', 'client-id', 'clientId'])
  const server = take(members, ['auth-server-url', 'server-url', 'serverUrl', 'authServerUrl'])
  const authServerUrl = withoutTrailingSlashes(server)
  const resolved = {
    realm,
    clientId,
    authServerUrl,
    realmUrl: `${authServerUrl}/realms/${realm}`,
    realmAdminUrl: `${authServerUrl}/admin/realms/${realm}`,
    bearerOnly: takeFlag(members, ['bearer-only', 'bearerOnly']),
    public: takeFlag(members, ['public-client', 'public']),
  }
  for (const name of hiddenMembers)
    refuseMember(resolved, name, `getConfig().${name}`, 'Read it from its source')
  return resolved
}

/** Members of the old configuration that are secret, or have no effect here. */
const hiddenMembers = [
  'secret',
  'publicKey',
  'minTimeBetweenJwksRequests',
  'verifyTokenAudience',
  'scope',
  'idpHint',
  'configure',
  'loadConfiguration',
]

/**
 * The client's secret; `undefined` without one.
 *
 * @throws {CW_CONFIG_MISSING} Its variable is missing.
 * @throws {CW_CONFIG_INVALID} Not a string.
 */
export function clientSecretOf(members: KeycloakConfig): string | undefined {
  const { credentials, secret } = members
  const given = (credentials as KeycloakConfig['credentials'] | null)?.secret ?? secret
  return given === undefined || given === '' ? undefined : toText(given, 'credentials.secret')
}

const download =
  'Download the file from Keycloak’s console: Clients, the client, Action, Download adapter config.'

function readFile(path = 'keycloak.json'): KeycloakConfig {
  const file = resolve(path)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CloakwrightError('CW_CONFIG_MISSING', `${file}: cannot be read`, { cause, hint: download })
  }
  try {
    return JSON.parse(text) as KeycloakConfig
  } catch {
    // Not as the cause: its message quotes the content, which may contain a secret.
    throw new CloakwrightError('CW_CONFIG_INVALID', `${file}: not JSON`, { hint: download })
  }
}

function take(members: KeycloakConfig, spellings: readonly [string, ...string[]]): string {
  const [name] = spellings
  const value = spellings.map((spelling) => members[spelling]).find((found) => found !== undefined)
  if (value === undefined || value === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', `keycloak.json: ${name} is missing`, { hint: download })
  return toText(value, name)
}

/** The old adapter took the string `false` for true. */
function takeFlag(members: KeycloakConfig, spellings: readonly [string, ...string[]]): boolean {
  const [name] = spellings
  const value = spellings.map((spelling) => members[spelling]).find((found) => found !== undefined) ?? false
  const flag = typeof value === 'boolean' ? String(value) : toText(value, name)
  if (flag === 'true' || flag === 'false') return flag === 'true'
  throw new CloakwrightError('CW_CONFIG_INVALID', `keycloak.json: ${name} is neither true nor false`, {
    hint: `Set ${name} to true or false.`,
  })
}

/** A string, with its variables. */
function toText(value: unknown, name: string): string {
  if (typeof value !== 'string')
    throw new CloakwrightError('CW_CONFIG_INVALID', `keycloak.json: ${name} is not a string`, {
      hint: download,
    })
  return value.replaceAll(
    /\$\{env\.([^:}]+)(?::([^}]*))?\}/g,
    (_all, variable: string, fallback?: string) => {
      const found = process.env[variable] || fallback
      if (found !== undefined) return found
      throw new CloakwrightError(
        'CW_CONFIG_MISSING',
        `keycloak.json: ${name} needs the variable ${variable}`,
        {
          hint: `Set ${variable}, or add a default: \${env.${variable}:default}`,
        },
      )
    },
  )
}

function withoutTrailingSlashes(address: string): string {
  let end = address.length
  while (address[end - 1] === '/') end--
  return address.slice(0, end)
}
