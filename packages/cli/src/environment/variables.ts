import { join, resolve } from 'node:path'
import type { PasswordCredentials } from '@cloakwright/admin'
import { CloakwrightError, isLoopback } from 'cloakwright'
import { toPort, toServer } from '../options/index.ts'
import { readSecretFile } from './secret-files.ts'

/**
 * A variable's value; an empty one counts as unset.
 *
 * @throws {CW_CONFIG_INVALID} White space around it, or a control character in it.
 */
export function variable(name: string): string | undefined {
  const value = process.env[name]
  if (value === undefined || value.trim() === '') return undefined
  if (value === value.trim() && !/\p{Cc}/u.test(value)) return value
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    `${name} has white space at its beginning or end, or a control character`,
    { hint: `Remove it, or unset ${name}` },
  )
}

/** The state folder of one embedded part, each with a name and a lock of its own beside `npm start`'s. */
export function partFolder(part: string): string {
  return join(resolve(variable('CLOAKWRIGHT_HOME') ?? '.cloakwright'), part)
}

/** The administrator that a Keycloak of this machine is made with, by the variables of Keycloak's own container. */
export function bootstrapAdmin(): { username: string; password: string } {
  return { username: username(), password: password() ?? 'admin' }
}

/**
 * The administrator to log in with; admin/admin only on this machine.
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
      hint: 'Set KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD (or _PASSWORD_FILE) to an administrator of its realm master',
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
      'KC_BOOTSTRAP_ADMIN_PASSWORD is set, and so is KC_BOOTSTRAP_ADMIN_PASSWORD_FILE',
      { hint: 'Unset one of the two' },
    )
  return readSecretFile('KC_BOOTSTRAP_ADMIN_PASSWORD_FILE', file)
}

/**
 * `KEYCLOAK_PORT`, 8080 when it is unset.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function keycloakPort(): number {
  return checked('KEYCLOAK_PORT', '8080', toPort)
}

/**
 * `KEYCLOAK_SERVER`, the Keycloak of this machine when it is unset.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function keycloakServer(): string {
  return checked('KEYCLOAK_SERVER', `http://localhost:${keycloakPort()}`, toServer)
}

/**
 * `KEYCLOAK_REALM`, `cloakwright` when it is unset.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function keycloakRealm(): string {
  return checked('KEYCLOAK_REALM', 'cloakwright', toRealm)
}

/** A realm's name stands in a URL's path without changing it. */
function toRealm(text: string): string {
  if (text.length <= 255 && !/[/\\?#%;*]/.test(text) && !/^\.+$/.test(text)) return text
  throw new Error('It must be a realm’s name.')
}

/** A variable by the same rule as its option. */
function checked<T>(name: string, fallback: string, parse: (text: string) => T): T {
  const text = variable(name) ?? fallback
  try {
    return parse(text)
  } catch (error) {
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      `${name} is ${JSON.stringify(text.replace(/\/\/.*@/s, '//…@'))}. ${(error as Error).message}`,
      {
        hint: `Correct it, or unset it for ${fallback}`,
      },
    )
  }
}
