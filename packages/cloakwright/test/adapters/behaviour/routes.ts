import { type Policy, role } from 'cloakwright'
import { canary, type Route } from '../drivers/types.ts'

/** A simple policy, as an application writes it. */
const policy = (description: string, evaluate: Policy['evaluate']): Policy => ({ description, evaluate })

const stepUp = policy('a login by a second factor', (token) =>
  token.claims['acr'] === 'gold'
    ? { allowed: true }
    : {
        allowed: false,
        code: 'CW_STEP_UP_REQUIRED',
        reason: 'its acr is too low',
        challenge: { acrValues: 'gold silver', maxAge: 300 },
      },
)

const bound = policy('a token that is bound to a key', (token) =>
  token.binding === undefined
    ? { allowed: false, code: 'CW_PROOF_REQUIRED', reason: 'it is bound to no key' }
    : { allowed: true },
)

const later = policy('the role admin, looked up elsewhere', async (token, context) => {
  await new Promise((resolve) => setImmediate(resolve))
  return role('admin').evaluate(token, context)
})

const fails = policy('what can not be found out', () => {
  throw new Error(canary)
})

const failsLater = policy('what can not be found out', async () => {
  await new Promise((resolve) => setImmediate(resolve))
  throw new Error(canary)
})

const says = policy('an invalid decision', () => ({ allowed: 'yes' }) as never)

/** The same service for every adapter. */
export const routes: readonly Route[] = [
  { path: '/public', handler: 'maybe-user' },
  { path: '/me', guard: (is) => is.requireUser(), handler: 'user' },
  { path: '/admin', guard: (is) => is.requireRole('admin'), handler: 'ok' },
  { path: '/auditor', guard: (is) => is.requireRole('admin', 'auditor'), handler: 'ok' },
  { path: '/stock', guard: (is) => is.requireClientRole('shop-api', 'stock-keeper'), handler: 'ok' },
  { path: '/no-stock', guard: (is) => is.requireClientRole('shop-web', 'stock-keeper'), handler: 'ok' },
  { path: '/proto', guard: (is) => is.requireClientRole('__proto__', 'constructor'), handler: 'ok' },
  { path: '/read', guard: (is) => is.requireScope('read'), handler: 'ok' },
  { path: '/readall', guard: (is) => is.requireScope('readall'), handler: 'ok' },
  { path: '/policy', guard: (is) => is.requirePolicy(role('admin')), handler: 'ok' },
  { path: '/later', guard: (is) => is.requirePolicy(later), handler: 'ok' },
  { path: '/fails', guard: (is) => is.requirePolicy(fails), handler: 'ok' },
  { path: '/fails-later', guard: (is) => is.requirePolicy(failsLater), handler: 'ok' },
  { path: '/says', guard: (is) => is.requirePolicy(says), handler: 'ok' },
  { path: '/step-up', guard: (is) => is.requirePolicy(stepUp), handler: 'ok' },
  { path: '/bound', guard: (is) => is.requirePolicy(bound), handler: 'ok' },
  { path: '/anyone', guard: (is) => is.allowAnonymous(), handler: 'maybe-user' },
  { path: '/form', guard: (is) => is.requireUser(), handler: 'form' },
  { path: '/throws', guard: (is) => is.requireUser(), handler: 'throws' },
]

export const mounted: readonly Route[] = [{ path: '/me', guard: (is) => is.requireUser(), handler: 'user' }]

/** A handler that reads the user, on an unguarded route. */
export const unguarded: Route = { path: '/unguarded', handler: 'user' }
