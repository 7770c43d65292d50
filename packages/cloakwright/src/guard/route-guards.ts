import {
  audience,
  type ClientRole,
  clientRole,
  type Policy,
  type RealmRole,
  type RoleClient,
  role,
  scope,
  user,
} from '../policy/index.ts'
import { checkPolicy, checkRuleOptions, notCalled } from './mistakes.ts'
import type { Rule, RuleOptions } from './rule.ts'

/**
 * The guards that every adapter offers, in its framework's form. None of these functions is a guard itself: they end in
 * `never`, so that code which passes one without calling it does not compile.
 */
export interface Guards<Guard> {
  /** Admits requests with a valid access token. */
  readonly requireUser: (...none: never[]) => Guard
  /** Admits users with **every one** of the realm roles; others get 403. */
  readonly requireRole: (...roles: readonly [RealmRole, ...RealmRole[]]) => Guard
  /** Admits users with **every one** of that client's roles; others get 403. */
  readonly requireClientRole: <Client extends RoleClient>(
    client: Client,
    ...roles: readonly [ClientRole<Client>, ...ClientRole<Client>[]]
  ) => Guard
  /** Admits tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
  readonly requireScope: (...scopes: readonly [string, ...string[]]) => Guard
  /** Admits tokens with **every one** of the audiences, which the verifier's own `audience` must list as well; others get 401. */
  readonly requireAudience: (...audiences: readonly [string, ...string[]]) => Guard
  /** Admits users whom a policy allows; the option `freshAfter` first refreshes older tokens of a session. */
  readonly requirePolicy: (policy: Policy, options?: RuleOptions, ...none: never[]) => Guard
  /** Makes the user available if the request has credentials, and admits it without. Invalid credentials are still refused. */
  readonly allowAnonymous: (...none: never[]) => Guard
}

/**
 * Creates an adapter's guards from its way to run a policy. A framework that calls one of these functions with
 * its request gets an error at once; otherwise it would wait for the guard forever.
 *
 * @param guard The framework's guard that applies a rule.
 * @param toName How the application writes a guard's name.
 */
export function createGuards<Guard>(
  guard: (rule: Rule) => Guard,
  toName: (name: keyof Guards<Guard>) => string = (name) => name,
): Guards<Guard> {
  const called = (name: keyof Guards<Guard>, args: readonly unknown[]): void => {
    if (args.some((one) => typeof one !== 'string')) throw notCalled(toName(name))
  }
  return {
    requireUser: (...none) => {
      called('requireUser', none)
      return guard({ policy: user(), anonymous: false })
    },
    requireRole: (...roles) => {
      called('requireRole', roles)
      return guard({ policy: role(...roles), anonymous: false })
    },
    requireClientRole: (client, ...roles) => {
      called('requireClientRole', [client, ...roles])
      return guard({ policy: clientRole(client, ...roles), anonymous: false })
    },
    requireScope: (...scopes) => {
      called('requireScope', scopes)
      return guard({ policy: scope(...scopes), anonymous: false })
    },
    requireAudience: (...audiences) => {
      called('requireAudience', audiences)
      return guard({ policy: audience(...audiences), anonymous: false })
    },
    requirePolicy: (policy, options = {}, ...none) => {
      called('requirePolicy', typeof options === 'object' ? none : [undefined])
      const where = toName('requirePolicy')
      return guard({
        policy: checkPolicy(policy, where),
        anonymous: false,
        ...checkRuleOptions(options, where),
      })
    },
    allowAnonymous: (...none) => {
      called('allowAnonymous', none)
      return guard({ policy: user(), anonymous: true })
    },
  }
}
