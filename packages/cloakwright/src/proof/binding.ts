import { CloakwrightError } from '../errors.ts'

/** The keys that a token is bound to (RFC 7800 `cnf`): one or both, each of which the client must prove. */
export interface Binding {
  /** Thumbprint (RFC 7638) of the key that signs the DPoP proofs (RFC 9449 §6.1). */
  readonly jkt?: string
  /** SHA-256 of the client's certificate, base64url (RFC 8705 §3.1). */
  readonly x5t?: string
}

/** SHA-256 as base64url. */
const thumbprint = /^[\w-]{43}$/

/**
 * Reads the binding of a verified token. Skips members of `cnf` that are unknown here (Keycloak adds
 * `kc-jkt-type`), if one remains that can be proven.
 *
 * @returns `undefined` for a token that is not bound.
 * @throws {CW_TOKEN_BOUND} The binding cannot be checked, or the token claims one (`typ` DPoP) and has none.
 */
export function bindingOf(claims: Readonly<Record<string, unknown>>): Binding | undefined {
  const confirmation = member(claims, 'cnf')
  const isDpop = member(claims, 'typ') === 'DPoP'
  if (confirmation === undefined) {
    if (isDpop) throw bound('its payload’s typ is DPoP, but it names no key (cnf)')
    return undefined
  }
  if (typeof confirmation !== 'object' || confirmation === null || Array.isArray(confirmation))
    throw bound('its cnf (confirmation) is not an object')
  const jkt = member(confirmation, 'jkt')
  const x5t = member(confirmation, 'x5t#S256')
  if (jkt === undefined && x5t === undefined)
    throw bound('its cnf has neither a DPoP key (jkt) nor a certificate (x5t#S256)')
  if (isDpop && jkt === undefined) throw bound('its payload’s typ is DPoP, but its cnf has no jkt')
  return {
    ...(jkt === undefined ? {} : { jkt: checkThumbprint('jkt', jkt) }),
    ...(x5t === undefined ? {} : { x5t: checkThumbprint('x5t#S256', x5t) }),
  }
}

function checkThumbprint(name: string, value: unknown): string {
  if (typeof value === 'string' && thumbprint.test(value)) return value
  throw bound(`its cnf.${name} is not a SHA-256 thumbprint`)
}

function member(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined
}

function bound(why: string): CloakwrightError {
  return new CloakwrightError('CW_TOKEN_BOUND', `Token: ${why}`, {
    hint: 'Bind the client’s tokens with DPoP or its certificate, and remove mappers that write `cnf`.',
  })
}
