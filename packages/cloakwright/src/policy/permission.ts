import { createHash } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'
import { createMetadata, type Fetch, type Metadata, type MetadataOptions } from '../metadata/index.ts'
import { createOrDefer } from '../next-build.ts'
import { requireOptions } from '../options.ts'
import { PerRequest } from '../per-request.ts'
import type { AccessToken } from '../token/index.ts'
import { allowed, forbidden, undetermined } from './decision.ts'
import type { Decision, Policy, PolicyContext } from './types.ts'
import { type Answer, askRealm, type Grant, type PermissionRequest, toText } from './uma.ts'

/** Where permissions are evaluated: the realm, as for a verifier, and the client with the authorization settings. */
export interface PermissionsOptions extends MetadataOptions {
  /** The client id whose resources, policies and permissions decide: it must have Authorization switched on. */
  readonly audience: string
  /** Seconds for which a result is cached, 0–10; 3 by default. A change in the realm takes effect after this time. */
  readonly answerMaxAge?: number | undefined
}

/** Creates a policy: it allows users to whom the realm grants **every** scope of **every** named resource. */
export type Permission = (...needed: readonly [PermissionRequest, ...PermissionRequest[]]) => Policy

/** Maximum number of cached results. */
const maxEntries = 10_000

/**
 * Permissions by Keycloak's authorization services (UMA 2.0): the realm decides for the user, by the client's
 * resources, scopes and policies. A partial grant is a refusal. Name a resource by its id if users can create resources
 * with names of their choice.
 *
 * Concurrent identical checks share one request to the realm; the result is cached for {@link
 * PermissionsOptions.answerMaxAge}. While the realm cannot be reached, no one is allowed (503). Keycloak (26.7) does
 * not accept DPoP-bound tokens for this: such users are refused.
 *
 * @throws {CW_CONFIG_MISSING} No issuer or no audience; during `next build` only when a policy is evaluated.
 * @throws {CW_CONFIG_INVALID} An invalid value; the policies throw it for an invalid resource or scope.
 * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback.
 * @example
 * ```ts
 * import { createPermissions } from 'cloakwright'
 *
 * const permission = createPermissions({
 *   issuer: 'https://sso.example.com/realms/shop',
 *   audience: 'shop-api',
 * })
 *
 * export const mayRefund = permission({ resource: 'orders', scopes: ['read', 'refund'] })
 * ```
 */
export function createPermissions(options: PermissionsOptions): Permission {
  return createOrDefer(
    () => createConfigured(options),
    (error) => () => ({ description: 'permission', evaluate: () => Promise.reject(error) }),
  )
}

function createConfigured(options: PermissionsOptions): Permission {
  checkOptions(options)
  const { audience, answerMaxAge = 3, fetch = globalThis.fetch, timeout = 5_000 } = options
  const context: PermissionContext = {
    metadata: createMetadata(options),
    audience,
    answerMaxAge,
    fetch,
    timeout,
    known: new Map(),
    pending: new Map(),
    perRequest: new PerRequest(),
  }
  return (...needed) => {
    checkPermissions(needed)
    const permissions = needed.map(({ resource, scopes = [] }) => ({ resource, scopes: [...scopes] }))
    const asked = JSON.stringify(permissions)
    return {
      description: `permission ${permissions.map(toText).join(' and ')}`,
      evaluate: (token, request) => evaluate(context, permissions, asked, token, request),
    }
  }
}

/** Shared by the policies of one realm and client. */
interface PermissionContext {
  readonly metadata: Metadata
  readonly audience: string
  readonly answerMaxAge: number
  readonly fetch: Fetch
  readonly timeout: number
  /** Cached results of the realm; their times in seconds. */
  readonly known: Map<string, { readonly decision: Decision; readonly at: number }>
  readonly pending: Map<string, Promise<Decision>>
  readonly perRequest: PerRequest<Decision>
}

function checkOptions(options: PermissionsOptions): void {
  requireOptions('createPermissions', '{ issuer, audience }', options)
  const { audience, answerMaxAge = 3 } = options
  if (typeof audience !== 'string' || audience === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'permissions: audience is missing', {
      hint: 'Set it to the client id that has Authorization switched on.',
    })
  if (typeof answerMaxAge === 'number' && answerMaxAge >= 0 && answerMaxAge <= 10) return
  throw new CloakwrightError('CW_CONFIG_INVALID', 'permissions: answerMaxAge is not a number from 0 to 10', {
    hint: 'Set it in seconds, or omit it for 3.',
  })
}

function evaluate(
  context: PermissionContext,
  permissions: readonly PermissionRequest[],
  asked: string,
  token: AccessToken,
  { now, tokenText, requestIdentity }: PolicyContext,
): Decision | Promise<Decision> {
  const { metadata, known, perRequest, answerMaxAge } = context
  // This realm cannot decide about another realm's token.
  if (token.issuer !== metadata.issuer)
    return undetermined('the token is from another realm than the permissions')
  if (token.binding?.jkt !== undefined)
    return undetermined('Keycloak returns no permissions for a DPoP-bound token')
  if (tokenText === '')
    return undetermined('permissions need the token itself, which a WebSocket ticket does not contain')
  const key = `${createHash('sha256').update(tokenText).digest('base64')} ${asked}`
  const entry = known.get(key)
  if (entry !== undefined && now >= entry.at && now - entry.at < answerMaxAge) return entry.decision
  known.delete(key)
  if (requestIdentity === undefined) return askOnce(context, permissions, key, tokenText, now)
  // Guards of one request share one check, however short the cache time is.
  const earlier = perRequest.find(requestIdentity, key, now * 1000)
  if (earlier !== undefined) return earlier
  const question = askOnce(context, permissions, key, tokenText, now)
  return perRequest.keep(requestIdentity, key, question, now * 1000)
}

/** One request to the realm for all concurrent identical checks. */
function askOnce(
  context: PermissionContext,
  permissions: readonly PermissionRequest[],
  key: string,
  tokenText: string,
  now: number,
): Promise<Decision> {
  const { pending } = context
  const running = pending.get(key)
  if (running !== undefined) return running
  const question = ask(context, permissions, key, tokenText, now).finally(() => pending.delete(key))
  pending.set(key, question)
  return question
}

async function ask(
  { metadata, audience, fetch, timeout, known }: PermissionContext,
  permissions: readonly PermissionRequest[],
  key: string,
  tokenText: string,
  now: number,
): Promise<Decision> {
  const tokenEndpoint = await tokenEndpointOf(metadata)
  const answer = await askRealm({ tokenEndpoint, audience, permissions, tokenText, fetch, timeout })
  const decision = decide(permissions, answer)
  for (const oldest of known.keys()) {
    if (known.size < maxEntries) break
    known.delete(oldest)
  }
  known.set(key, { decision, at: now })
  return decision
}

async function tokenEndpointOf(metadata: Metadata): Promise<string> {
  let endpoint: unknown
  try {
    endpoint = (await metadata.get()).internal.token_endpoint
  } catch (cause) {
    throw unavailable('could not fetch the realm’s discovery document', cause)
  }
  if (typeof endpoint === 'string') return endpoint
  throw unavailable('token_endpoint is missing in the realm’s discovery document')
}

function unavailable(why: string, cause?: unknown): CloakwrightError {
  return new CloakwrightError('CW_PERMISSIONS_UNAVAILABLE', `Permissions: ${why}`, {
    cause,
    retryAfter: 5,
    hint: 'Check that Keycloak runs, and that the issuer is right.',
  })
}

function decide(permissions: readonly PermissionRequest[], answer: Answer): Decision {
  if (answer.kind === 'unknown')
    return undetermined(`the realm has no such ${answer.what}: ${permissions.map(toText).join(' and ')}`)
  const missing = permissions.flatMap((one) => missingOf(one, answer.kind === 'denied' ? [] : answer.grants))
  return missing.length === 0 ? allowed : forbidden(`missing permission: ${missing.join(', ')}`)
}

/** The missing parts of a permission. One resource must grant all of it: another user's resource of the same name adds nothing. */
function missingOf(
  { resource, scopes = [] }: PermissionRequest,
  grants: readonly Grant[],
): readonly string[] {
  const [grant, second] = grants.filter(({ rsid, rsname }) => rsid === resource || rsname === resource)
  if (grant === undefined) return [toText({ resource, scopes })]
  if (second !== undefined) return [`${resource} (several resources have this name: use the id)`]
  if (scopes.length === 0) {
    // Keycloak grants a resource with scopes as soon as one of its scopes is granted.
    return grant.scopes === undefined ? [] : [`${resource} (it has scopes: name those that are needed)`]
  }
  const given: readonly unknown[] = Array.isArray(grant.scopes) ? grant.scopes : []
  return scopes.filter((scope) => !given.includes(scope)).map((scope) => `${resource}#${scope}`)
}

function checkPermissions(needed: readonly PermissionRequest[]): void {
  const valid =
    needed.length > 0 &&
    needed.every(
      ({ resource, scopes = [] }) =>
        isText(resource) &&
        !resource.includes('#') &&
        scopes.every((one) => isText(one) && !/[#,]/.test(one)),
    )
  if (valid) return
  throw new CloakwrightError('CW_CONFIG_INVALID', 'permission: invalid resource or scope', {
    hint: 'Name at least one resource, without #, and its scopes without # or comma. Use its id if its name contains #.',
  })
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
