import { CloakwrightError } from '../errors.ts'

/** What replaces the old adapter's browser login. */
const login = 'Use createSessions() of cloakwright/session for browser login'

/** What replaces the old adapter's options. */
const replacements: Readonly<Record<string, string>> = {
  store: `${login}; its option store accepts a store of cloakwright/state`,
  cookies: `${login}; it sets its own cookie`,
  scope: `${login}; it has the option scope`,
  idpHint: `${login}; set the default identity provider in the realm's browser flow (Identity Provider Redirector)`,
  logout: `${login}; it has a logout route`,
  admin: 'Pass createRevocations() to the verifier; cloakwright/session has back-channel logout',
}

/** Members of the old adapter's API that this one does not have: each names its replacement. */
export class UnsupportedApi {
  /** @throws {CW_CONFIG_INVALID} Always: permissions are a policy. */
  checkPermissions(): never {
    throw notPart('checkPermissions()', 'Use enforcer(), or createPermissions() of cloakwright')
  }

  /** @throws {CW_CONFIG_INVALID} Always: use cloakwright/session for browser login. */
  checkSso(): never {
    throw notPart('checkSso()', login)
  }

  /** @throws {CW_CONFIG_INVALID} Always: use cloakwright/session for browser login. */
  loginUrl(): never {
    throw notPart('loginUrl()', login)
  }

  /** @throws {CW_CONFIG_INVALID} Always: use cloakwright/session for browser login. */
  logoutUrl(): never {
    throw notPart('logoutUrl()', login)
  }

  /** @throws {CW_CONFIG_INVALID} Always: use cloakwright/session for browser login. */
  getGrantFromCode(): never {
    throw notPart('getGrantFromCode()', login)
  }

  /** @throws {CW_CONFIG_INVALID} Always: the account page is a URL of the realm. */
  accountUrl(): never {
    throw notPart('accountUrl()', 'Use getConfig().realmUrl followed by /account')
  }

  /** @throws {CW_CONFIG_INVALID} Always: the claims are in the token. */
  getAccount(): never {
    throw notPart(
      'getAccount()',
      'Read request.kauth.grant.access_token.content, or call the userinfo endpoint',
    )
  }

  /** @throws {CW_CONFIG_INVALID} Always: the middleware creates the grant. */
  getGrant(): never {
    throw notPart('getGrant()', 'Read request.kauth.grant after keycloak.middleware() or keycloak.protect()')
  }

  /** @throws {CW_CONFIG_INVALID} Always: use a verifier. */
  get grantManager(): never {
    throw notPart('grantManager', 'Verify tokens with createVerifier() of cloakwright')
  }
}

/** Values that switch an option off need no support. */
const off: ReadonlySet<unknown> = new Set([undefined, null, false, ''])

/**
 * Stops the start if an option is set that this adapter does not have: it would have no effect.
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

/** The error for a member of the old adapter that this one does not have. */
function notPart(name: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `keycloak-connect: ${name} is not part of this adapter`, {
    hint: `${hint}; see docs/guides/migrate-from-keycloak-connect.md.`,
  })
}
