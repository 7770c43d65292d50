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
import { checkPolicy, notCalled } from './mistakes.ts'

/**
 * The guards that every adapter offers, in its framework's form. None of their functions is a guard itself: they end in
 * `never`, so that one which is passed and not called does not compile.
 */
export interface Guards<Guard> {
  /** Lets in requests with a valid access token. */
  readonly requireUser: (...none: never[]) => Guard
  /** Lets in users with **every one** of the realm roles; others get 403. */
  readonly requireRole: (...roles: readonly [RealmRole, ...RealmRole[]]) => Guard
  /** Lets in users with **every one** of that client's roles; others get 403. */
  readonly requireClientRole: <Client extends RoleClient>(
    client: Client,
    ...roles: readonly [ClientRole<Client>, ...ClientRole<Client>[]]
  ) => Guard
  /** Lets in tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
  readonly requireScope: (...scopes: readonly [string, ...string[]]) => Guard
  /** Lets in tokens with **every one** of the audiences, which the verifier's own `audience` lists as well; others get 401. */
  readonly requireAudience: (...audiences: readonly [string, ...string[]]) => Guard
  /** Lets in users whom a policy allows. */
  readonly requirePolicy: (policy: Policy, ...none: never[]) => Guard
  /** Makes the user known if the request has credentials, and lets it in without. Bad credentials are still refused. */
  readonly allowAnonymous: (...none: never[]) => Guard
}

/**
 * Makes an adapter's guards of the one way in which it runs a policy. A framework that calls one of these functions with
 * its request gets an error at once: it would wait for the guard for ever.
 *
 * @param toName How the application writes a guard's name.
 */
export function createGuards<Guard>(
  guard: (policy: Policy, anonymous: boolean) => Guard,
  toName: (name: keyof Guards<Guard>) => string = (name) => name,
): Guards<Guard> {
  const called = (name: keyof Guards<Guard>, args: readonly unknown[]): void => {
    if (args.some((one) => typeof one !== 'string')) throw notCalled(toName(name))
  }
  return {
    requireUser: (...none) => {
      called('requireUser', none)
      return guard(user(), false)
    },
    requireRole: (...roles) => {
      called('requireRole', roles)
      return guard(role(...roles), false)
    },
    requireClientRole: (client, ...roles) => {
      called('requireClientRole', [client, ...roles])
      return guard(clientRole(client, ...roles), false)
    },
    requireScope: (...scopes) => {
      called('requireScope', scopes)
      return guard(scope(...scopes), false)
    },
    requireAudience: (...audiences) => {
      called('requireAudience', audiences)
      return guard(audience(...audiences), false)
    },
    requirePolicy: (policy, ...none) => {
      called('requirePolicy', none)
      return guard(checkPolicy(policy, toName('requirePolicy')), false)
    },
    allowAnonymous: (...none) => {
      called('allowAnonymous', none)
      return guard(user(), true)
    },
  }
}
