import { CloakwrightError } from '../errors.ts'

/** What replaces the old adapter's browser login. */
export const login = 'Browser login is createSessions() of cloakwright/session'

/** What replaces the old adapter's options. */
const replacements: Readonly<Record<string, string>> = {
  store: `${login}, whose option store takes a store of cloakwright/state`,
  cookies: `${login}, which sets its own cookie`,
  scope: `${login}, which has the option scope`,
  idpHint: `${login}; name the default identity provider in the realm's browser flow (Identity Provider Redirector)`,
  logout: `${login}, which has a logout route`,
  admin: 'Give createRevocations() to the verifier; back-channel logout is part of cloakwright/session',
}

/** What switches an option off asks for nothing. */
const off: ReadonlySet<unknown> = new Set([undefined, null, false, ''])

/**
 * Stops the start where an option is given that this adapter does not have: left unread, it would be taken for one that works.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function refuseUnsupported(where: string, options: object, supported: readonly string[]): void {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (supported.includes(name) || off.has(value)) continue
    const hint = Object.hasOwn(replacements, name) ? replacements[name] : undefined
    throw notPart(`the option ${name} of ${where}`, hint ?? 'Remove it')
  }
}

/** The error of a part of the old adapter that this one does not have. */
export function notPart(name: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `keycloak-connect: ${name} is not part of this adapter`, {
    hint: `${hint}; see docs/guides/migrate-from-keycloak-connect.md.`,
  })
}
