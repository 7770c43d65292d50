import { join, resolve } from 'node:path'
import type { PasswordCredentials } from '@cloakwright/admin'
import { CloakwrightError, isLoopback } from 'cloakwright'
import { toPort, toServer } from '../options/index.ts'
import { readSecretFile } from './secret-files.ts'

/**
 * Reads a variable. An empty value counts as unset.
 *
 * @throws {CW_CONFIG_INVALID} when the value begins or ends with white space, or has a control character
 */
export function variable(name: string): string | undefined {
  const value = process.env[name]
  if (value === undefined || value.trim() === '') return undefined
  if (value === value.trim() && !/\p{Cc}/u.test(value)) return value
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    `${name} begins or ends with white space, or contains a control character`,
    { hint: `Remove that character, or unset ${name}` },
  )
}

/** The state folder of one embedded part. Each has its own lock, separate from the one of `npm start`. */
export function partFolder(part: string): string {
  return join(resolve(variable('CLOAKWRIGHT_HOME') ?? '.cloakwright'), part)
}

/** The administrator of a new local Keycloak, from the same variables as in Keycloak's container. */
export function bootstrapAdmin(): { username: string; password: string } {
  return { username: username(), password: password() ?? 'admin' }
}

/**
 * The administrator's credentials. The default admin/admin applies only to a server on this machine.
 *
 * @throws {CW_CONFIG_MISSING}
 */
export function administrator(server: string): PasswordCredentials {
  const given = password()
  if (given !== undefined || isLoopback(server)) return { username: username(), password: given ?? 'admin' }
  throw new CloakwrightError(
    'CW_CONFIG_MISSING',
    `KC_BOOTSTRAP_ADMIN_PASSWORD is not set, and ${server} is not on this machine`,
    {
      hint: 'Set KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD (or …_PASSWORD_FILE) to an administrator of the realm master',
    },
  )
}

function username(): string {
  return variable('KC_BOOTSTRAP_ADMIN_USERNAME') ?? 'admin'
}

function password(): string | undefined {
  const file = variable('KC_BOOTSTRAP_ADMIN_PASSWORD_FILE')
  const given = variable('KC_BOOTSTRAP_ADMIN_PASSWORD')
  if (file === undefined) return given
  if (given !== undefined)
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      'KC_BOOTSTRAP_ADMIN_PASSWORD and KC_BOOTSTRAP_ADMIN_PASSWORD_FILE are both set',
      { hint: 'Unset one of them' },
    )
  return readSecretFile('KC_BOOTSTRAP_ADMIN_PASSWORD_FILE', file)
}

/**
 * `KEYCLOAK_PORT`, by default 8080.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function keycloakPort(): number {
  return checked('KEYCLOAK_PORT', '8080', toPort)
}

/**
 * `KEYCLOAK_SERVER`, by default localhost on `KEYCLOAK_PORT`.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function keycloakServer(): string {
  return checked('KEYCLOAK_SERVER', `http://localhost:${keycloakPort()}`, toServer)
}

/**
 * `KEYCLOAK_REALM`, by default `cloakwright`.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function keycloakRealm(): string {
  return checked('KEYCLOAK_REALM', 'cloakwright', toRealm)
}

/** Accepts only names that do not change the path of a URL. */
function toRealm(text: string): string {
  if (text.length <= 255 && !/[/\\?#%;*]/.test(text) && !/^\.+$/.test(text)) return text
  throw new Error('It must be a realm name: no / \\ ? # % ; or *, at most 255 characters.')
}

/** Checks a variable by the rule of its option. */
function checked<T>(name: string, fallback: string, parse: (text: string) => T): T {
  const text = variable(name) ?? fallback
  try {
    return parse(text)
  } catch (error) {
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      `${name} is ${JSON.stringify(text.replace(/\/\/.*@/s, '//…@'))}. ${(error as Error).message}`,
      {
        hint: `Correct it, or unset it to use ${fallback}`,
      },
    )
  }
}
