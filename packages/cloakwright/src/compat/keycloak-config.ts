import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CloakwrightError } from '../errors.ts'

/**
 * The content of `keycloak.json`, as the old adapter spelled it. Three members are used: the realm, the server and the
 * client. The others are for browser login or for checks that can no longer be switched off; they are accepted and
 * ignored.
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
  readonly [member: string]: unknown
}

/** The values derived from {@link KeycloakConfig}. */
export interface ResolvedConfig {
  readonly realm: string
  readonly clientId: string
  /** Without a trailing slash. */
  readonly authServerUrl: string
  /** The issuer: `{authServerUrl}/realms/{realm}`. */
  readonly realmUrl: string
}

/**
 * Reads the configuration like the old adapter: an object, or the path of a file, by default `keycloak.json` in the
 * working directory. `${env.NAME}` and `${env.NAME:default}` are replaced by variables.
 *
 * @throws {CW_CONFIG_MISSING} The file, one of the three members or a variable is missing.
 * @throws {CW_CONFIG_INVALID} Not a JSON object, or a member is not a string.
 */
export function resolveConfig(config: KeycloakConfig | string | undefined): ResolvedConfig {
  const members = config === undefined || typeof config === 'string' ? readConfig(config) : config
  if (typeof members !== 'object' || members === null || Array.isArray(members))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'keycloak.json: not a JSON object', { hint: download })
  const realm = take(members, ['realm'])
  const clientId = take(members, ['resource', 'client-id', 'clientId'])
  const server = take(members, ['auth-server-url', 'server-url', 'serverUrl', 'authServerUrl'])
  const authServerUrl = withoutTrailingSlashes(server)
  return { realm, clientId, authServerUrl, realmUrl: `${authServerUrl}/realms/${realm}` }
}

const download =
  'Download the file from Keycloak’s console: Clients, the client, Action, Download adapter config.'

function readConfig(path = 'keycloak.json'): KeycloakConfig {
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
