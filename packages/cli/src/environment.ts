import { join, resolve } from 'node:path'
import type { PasswordCredentials } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { InvalidArgumentError } from 'commander'

/** The state folder of one embedded part, each with a name and a lock of its own beside `npm start`'s. */
export function partFolder(part: string): string {
  return join(resolve(process.env['CLOAKWRIGHT_HOME'] ?? '.cloakwright'), part)
}

/** The administrator that a Keycloak is made with, by the variables of Keycloak's own container. */
export function bootstrapAdmin(): { username: string; password: string } {
  const { KC_BOOTSTRAP_ADMIN_USERNAME: username, KC_BOOTSTRAP_ADMIN_PASSWORD: password } = process.env
  return { username: username || 'admin', password: password || 'admin' }
}

/**
 * The administrator to log in with; admin/admin only on this machine.
 *
 * @throws {CW_CONFIG_MISSING}
 */
export function administrator(server: string): PasswordCredentials {
  const env = process.env
  const username = env['KC_BOOTSTRAP_ADMIN_USERNAME'] || env['KEYCLOAK_ADMIN'] || 'admin'
  const password = env['KC_BOOTSTRAP_ADMIN_PASSWORD'] || env['KEYCLOAK_ADMIN_PASSWORD']
  if (password) return { username, password }
  if (isLoopback(server)) return { username, password: 'admin' }
  throw new CloakwrightError('CW_CONFIG_MISSING', `no administrator's password for ${server}`, {
    hint: 'Set KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD to an administrator of its realm master',
  })
}

function isLoopback(server: string): boolean {
  const host = URL.canParse(server) ? new URL(server).hostname : ''
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

/** For commander: a TCP port. */
export function toPort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('It must be a number from 1 to 65535.')
}

/**
 * `KEYCLOAK_PORT`, 8080 when it is unset.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function keycloakPort(): number {
  const text = process.env['KEYCLOAK_PORT'] || '8080'
  try {
    return toPort(text)
  } catch {
    throw new CloakwrightError('CW_CONFIG_INVALID', `KEYCLOAK_PORT is not a port: ${text}`, {
      hint: 'Set it to a number from 1 to 65535, or unset it for 8080',
    })
  }
}
