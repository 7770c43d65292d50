import { CloakwrightError } from '../errors.ts'

/** What replaces the old adapter's browser login. */
const login = 'Browser login is createSessions() of cloakwright/session'

/** What replaces the old adapter's options. */
const replacements: Readonly<Record<string, string>> = {
  store: `${login}, whose option store takes a store of cloakwright/state`,
  cookies: `${login}, which sets its own cookie`,
  scope: `${login}, which has the option scope`,
  idpHint: `${login}; name the default identity provider in the realm's browser flow (Identity Provider Redirector)`,
  logout: `${login}, which has a logout route`,
  admin: 'Give createRevocations() to the verifier; back-channel logout is part of cloakwright/session',
}

/** What the old adapter's API has, and this one does not: each says what to use. */
export class UnsupportedApi {
  /** @throws {CW_CONFIG_INVALID} Always: permissions are a policy. */
  checkPermissions(): never {
    throw notPart('checkPermissions()', 'Use enforcer(), or createPermissions() of cloakwright')
  }

  /** @throws {CW_CONFIG_INVALID} Always: browser login is a part of its own. */
  checkSso(): never {
    throw notPart('checkSso()', login)
  }

  /** @throws {CW_CONFIG_INVALID} Always: browser login is a part of its own. */
  loginUrl(): never {
    throw notPart('loginUrl()', login)
  }

  /** @throws {CW_CONFIG_INVALID} Always: browser login is a part of its own. */
  logoutUrl(): never {
    throw notPart('logoutUrl()', login)
  }

  /** @throws {CW_CONFIG_INVALID} Always: browser login is a part of its own. */
  getGrantFromCode(): never {
    throw notPart('getGrantFromCode()', login)
  }

  /** @throws {CW_CONFIG_INVALID} Always: the account page is an address of the realm. */
  accountUrl(): never {
    throw notPart('accountUrl()', 'It is getConfig().realmUrl followed by /account')
  }

  /** @throws {CW_CONFIG_INVALID} Always: the claims are in the token. */
  getAccount(): never {
    throw notPart(
      'getAccount()',
      'Read request.kauth.grant.access_token.content, or ask the userinfo endpoint',
    )
  }

  /** @throws {CW_CONFIG_INVALID} Always: the middleware makes the grant. */
  getGrant(): never {
    throw notPart('getGrant()', 'Read request.kauth.grant after keycloak.middleware() or keycloak.protect()')
  }

  /** @throws {CW_CONFIG_INVALID} Always: tokens are verified by a verifier. */
  get grantManager(): never {
    throw notPart('grantManager', 'Verify tokens by createVerifier() of cloakwright')
  }
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
function notPart(name: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `keycloak-connect: ${name} is not part of this adapter`, {
    hint: `${hint}; see docs/guides/migrate-from-keycloak-connect.md.`,
  })
}
