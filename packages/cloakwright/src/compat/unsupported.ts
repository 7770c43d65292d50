import { CloakwrightError } from '../errors.ts'

const guide = 'docs/guides/migrate-from-keycloak-connect.md'

/** What replaces the old adapter's browser login. */
const login =
  'Pass sessions: (client) => createSessions({ ...client, publicUrl, keys, store }) to new Keycloak()'

/** What replaces the old adapter's options. */
const options: Readonly<Record<string, string>> = {
  store: `Remove it, and express-session if nothing else needs it. ${login}, with a store of cloakwright/state: a store of express-session cannot hold its sessions`,
  cookies: `Remove it: tokens are not kept in cookies. ${login}`,
  scope: `Remove it. ${login}; createSessions() has the option scope`,
  idpHint:
    "Remove it. Set the default identity provider in the realm's browser flow (Identity Provider Redirector), or link to /auth/login?kc_idp_hint=NAME",
  logout: `Remove it, or ${login.replace('Pass', 'pass')}: without sessions, there is nothing to sign out of`,
  admin:
    'Remove it, and the Admin URL of the client in Keycloak. Set its Backchannel logout URL to PUBLIC_URL/auth/backchannel-logout; a service without sessions passes createRevocations() to the verifier',
}

/** What replaces members of `keycloak.json` that would have no effect. */
const configMembers: Readonly<Record<string, string>> = {
  'realm-public-key': 'Remove it: keys come from the realm, and may rotate',
  realmPublicKey: 'Remove it: keys come from the realm, and may rotate',
  'min-time-between-jwks-requests': 'Remove it: unknown keys are looked up at most once in 5 seconds',
  minTimeBetweenJwksRequests: 'Remove it: unknown keys are looked up at most once in 5 seconds',
  'verify-token-audience': 'Remove it: tokens for other services are refused',
  verifyTokenAudience: 'Remove it: tokens for other services are refused',
}

const keycloakMembers: Readonly<Record<string, string>> = {
  authenticated: 'Pass onLogin to createSessions(): it gets the claims of the login, not the request',
  deauthenticated: 'Pass onLogout to createSessions(): it is called for each end of a session',
  checkPermissions: 'Use enforcer(), or createPermissions() of cloakwright',
  loginUrl: 'Link to /auth/login?returnTo=/page, or put protect() before the page',
  logoutUrl: 'Link to the logout of middleware(): /logout',
  getGrantFromCode: 'Remove it: middleware() completes the login at /auth/callback',
  getAccount: 'Read request.kauth.grant.access_token.content, or call the userinfo endpoint',
  getGrant: 'Read request.kauth.grant after keycloak.middleware() or keycloak.protect()',
  storeGrant: 'Remove it: the session engine stores the tokens',
  unstoreGrant: 'Sign the user out at /logout, or in Keycloak',
  grantManager: 'Verify tokens with createVerifier() of cloakwright',
  stores: 'Remove it: the session engine stores the tokens',
  config: 'Use getConfig()',
}

/** Members of the old adapter's API that this one does not have. To read or replace one is an error with its replacement. */
export class UnsupportedApi {
  /** @throws {CW_CONFIG_INVALID} Always: pass the hook `onLogin` to `createSessions()`. */
  declare authenticated: () => never
  /** @throws {CW_CONFIG_INVALID} Always: pass the hook `onLogout` to `createSessions()`. */
  declare deauthenticated: () => never
  /** @throws {CW_CONFIG_INVALID} Always: permissions are a policy. */
  declare readonly checkPermissions: () => never
  /** @throws {CW_CONFIG_INVALID} Always: link to `/auth/login`. */
  declare readonly loginUrl: () => never
  /** @throws {CW_CONFIG_INVALID} Always: link to the logout of the middleware. */
  declare readonly logoutUrl: () => never
  /** @throws {CW_CONFIG_INVALID} Always: the middleware completes the login. */
  declare readonly getGrantFromCode: () => never
  /** @throws {CW_CONFIG_INVALID} Always: the claims are in the token. */
  declare readonly getAccount: () => never
  /** @throws {CW_CONFIG_INVALID} Always: the middleware creates the grant. */
  declare readonly getGrant: () => never
  /** @throws {CW_CONFIG_INVALID} Always: the session engine stores the tokens. */
  declare readonly storeGrant: () => never
  /** @throws {CW_CONFIG_INVALID} Always: use the logout. */
  declare readonly unstoreGrant: () => never
  /** @throws {CW_CONFIG_INVALID} Always: use a verifier. */
  declare readonly grantManager: never
  /** @throws {CW_CONFIG_INVALID} Always: the session engine stores the tokens. */
  declare readonly stores: never
  /** @throws {CW_CONFIG_INVALID} Always: use `getConfig()`. */
  declare readonly config: never
}

const noMembers = new Set(['grantManager', 'stores', 'config'])
for (const [name, hint] of Object.entries(keycloakMembers))
  refuseMember(UnsupportedApi.prototype, name, noMembers.has(name) ? name : `${name}()`, hint)

/**
 * A subclass would override such a member in vain.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function refuseOverrides(instance: UnsupportedApi): void {
  for (
    let prototype = Object.getPrototypeOf(instance) as object;
    prototype !== UnsupportedApi.prototype;
    prototype = Object.getPrototypeOf(prototype) as object
  )
    for (const [name, hint] of Object.entries(keycloakMembers))
      if (Object.hasOwn(prototype, name)) throw notPart(`${name}() of a subclass`, hint)
}

/** To read or replace this member is an error, which names its replacement. */
export function refuseMember(target: object, name: string, shown: string, hint: string): void {
  const fail = (): never => {
    throw notPart(shown, hint)
  }
  Object.defineProperty(target, name, { get: fail, set: fail, configurable: true })
}

/** Values that switch an option off need no support. */
const off: ReadonlySet<unknown> = new Set([undefined, null, false, ''])

/**
 * Stops the start if an option is set that this adapter does not have: it would have no effect.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function refuseUnsupported(where: string, given: object, supported: readonly string[]): void {
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (supported.includes(name) || off.has(value)) continue
    const hint = Object.hasOwn(options, name) ? options[name] : undefined
    throw notPart(`the option ${name} of ${where}`, hint ?? 'Remove it')
  }
}

/**
 * Stops the start if `keycloak.json` has a member that would have no effect.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function refuseConfigMembers(members: Readonly<Record<string, unknown>>): void {
  for (const [name, hint] of Object.entries(configMembers)) {
    // A check of the audience is what this adapter does in any case; it cannot be switched off.
    const hasNoEffect = name.startsWith('verify') ? members[name] === false : !off.has(members[name])
    if (hasNoEffect) throw notPart(`${name} of keycloak.json`, hint)
  }
}

/** The error for a part of the old adapter that this one does not have. */
export function notPart(name: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `keycloak-connect: ${name} is not part of this adapter`, {
    hint: `${hint}; see ${guide}.`,
  })
}
