import KeycloakAdminClient, { NetworkError } from '@keycloak/keycloak-admin-client'
import { Agent, type RequestArgs } from '@keycloak/keycloak-admin-client/lib/resources/agent.js'
import { CloakwrightError } from 'cloakwright'
import type { ChangeRecorder } from '../changes/index.ts'
import { AttemptCount } from './attempts.ts'
import { type Operation, toAdminError } from './errors.ts'
import { mayRepeat } from './repeat.ts'
import { type Retry, retryDelay } from './retry.ts'
import { RoleGroups } from './role-groups.ts'
import type { TokenSource } from './tokens.ts'

type Send = (...parameters: unknown[]) => Promise<unknown>
type Builder = (this: Agent, args: RequestArgs) => Send

export interface DurableClientOptions {
  readonly server: string
  readonly realm: string
  readonly tokens: TokenSource
  readonly retry: Retry
  /** Asked before each request that may change something; a rejection keeps it from being sent. */
  readonly recorder: ChangeRecorder | undefined
  /** Sends no write. */
  readonly dryRun: boolean
}

/**
 * The official client, every request of which is repeated where that is safe and fails with a typed error.
 *
 * The official client has no place for this: it calls the global `fetch` from one private function. So the functions
 * that it builds, `users.find` and the others, are wrapped while it is constructed, where the method is known.
 */
export function createDurableClient(options: DurableClientOptions): KeycloakAdminClient {
  const operations = new Map<Send, Operation>()

  function wrap(args: RequestArgs, send: Send): Send {
    const operation = { method: args.method, name: '' }
    const durable: Send = async (...parameters) => {
      requireSegments(args, operation, parameters[0])
      return await request(options, operation, parameters, () => send(...parameters))
    }
    operations.set(durable, operation)
    return durable
  }

  const client = whileWrapping(wrap, () => new DurableClient(options))
  for (const [resource, functions] of Object.entries(client)) {
    if (typeof functions !== 'object' || functions === null) continue
    if (options.dryRun) refuseOwnWrites(resource, functions)
    for (const [name, send] of Object.entries(functions as object)) {
      const operation = operations.get(send as Send)
      if (operation !== undefined) operation.name = `${resource}.${name}`
    }
  }
  return client
}

/** The groups that a role is mapped to, by a client that {@link createDurableClient} made. */
export function roleGroupsOf(client: KeycloakAdminClient): RoleGroups {
  return durable(client).roleGroups
}

/** The same client for what takes a change back: it is sent also when nothing new could be recorded, since the change stands otherwise. */
export function clientToTakeBack(client: KeycloakAdminClient): KeycloakAdminClient {
  return createDurableClient({ ...durable(client).options, recorder: undefined })
}

function durable(client: KeycloakAdminClient): DurableClient {
  if (client instanceof DurableClient) return client
  throw new CloakwrightError('CW_CONFIG_INVALID', 'This client was not created by createAdmin', {
    hint: 'Pass the object that createAdmin returned, unchanged.',
  })
}

class DurableClient extends KeycloakAdminClient {
  readonly roleGroups: RoleGroups
  readonly #options: DurableClientOptions

  constructor(options: DurableClientOptions) {
    super({ baseUrl: options.server, realmName: options.realm })
    this.roleGroups = new RoleGroups(this)
    this.#options = options
    this.registerTokenProvider({ getAccessToken: () => options.tokens.get() })
  }

  get options(): DurableClientOptions {
    return this.#options
  }

  // Called for each request: the one place where options of our own reach the official client's `fetch`.
  override getRequestOptions(): RequestInit {
    // A 307 would hand a new user's password to whatever `Location` names.
    return { ...super.getRequestOptions(), redirect: 'manual', signal: this.#options.retry.signal() }
  }
}

async function request(
  { server, tokens, retry, recorder, dryRun }: DurableClientOptions,
  operation: Operation,
  parameters: readonly unknown[],
  send: () => Promise<unknown>,
): Promise<unknown> {
  if (operation.method !== 'GET') {
    if (dryRun) requireHarmless(operation, parameters)
    else await recorder?.check?.()
  }
  const [, options] = parameters
  let authenticated = false
  for (let attempt = 1; ; attempt += 1) {
    // Before the request asks for it again, so that it is known which token a refusal is about.
    await tokens.get()
    const { generation } = tokens
    if (options instanceof AttemptCount) options.attempts += 1
    try {
      const result = await send()
      // A token says what its holder may do in the realms that existed when it was made.
      if (operation.name === 'realms.create') tokens.discard(tokens.generation)
      return result
    } catch (cause) {
      retry.throwIfAborted()
      const response = cause instanceof NetworkError ? cause.response : undefined
      if (response?.status === 401 && !authenticated) {
        // Refused before anything was done: repeating is safe, whatever the method.
        authenticated = true
        attempt -= 1
        tokens.discard(generation)
        continue
      }
      if (response?.status === 404 && operation.method === 'DELETE' && attempt > 1) return undefined
      const again =
        (response !== undefined || isNetworkFailure(cause)) &&
        // 429 is sent before any processing (RFC 6585 §4).
        (response?.status === 429 || mayRepeat(operation, parameters))
      const delay = again ? retryDelay(retry, attempt, response) : undefined
      if (delay === undefined) throw toAdminError(server, operation, cause, attempt)
      await retry.wait(delay)
    }
  }
}

/**
 * A task that leaves its write to the runner never gets here in a dry run. An import's look at its rights does: no users to
 * import, or a user without anything, which Keycloak refuses.
 *
 * @throws {CW_CONFIG_INVALID}
 */
function requireHarmless({ name }: Operation, [payload]: readonly unknown[]): void {
  const { realm: _realm, rep, ...others } = (payload ?? {}) as Readonly<Record<string, unknown>>
  const { users, ifResourceExists: _kept, ...imported } = (rep ?? {}) as Readonly<Record<string, unknown>>
  const isEmpty = Object.keys({ ...others, ...imported }).length === 0
  if (name === 'users.create' && isEmpty && rep === undefined) return
  if (name === 'realms.partialImport' && isEmpty && Array.isArray(users) && users.length === 0) return
  throw notSent(name)
}

/** What a program builds by itself with the official client's `makeRequest` is not wrapped: in a dry run it may only read. */
function refuseOwnWrites(resource: string, functions: object): void {
  for (const name of ['makeRequest', 'makeUpdateRequest'] as const) {
    const make: unknown = Reflect.get(functions, name)
    if (typeof make !== 'function') continue
    const makeHarmless = (args: RequestArgs): unknown =>
      args.method === 'GET'
        ? Reflect.apply(make, functions, [args])
        : () => Promise.reject(notSent(`${resource}.${name}`))
    Reflect.set(functions, name, makeHarmless)
  }
}

function notSent(name: string): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_INVALID',
    `${name} writes to Keycloak, but this is a dry run; the request was not sent`,
    {
      hint: 'To write, create the administrator without dryRun.',
    },
  )
}

/**
 * A dot segment leads out of its path (RFC 3986 §5.2.4), and nothing leads to the list above: deleting the session `..` would
 * delete the realm.
 *
 * @throws {CW_ADMIN_REFUSED}
 */
function requireSegments({ path = '' }: RequestArgs, { name }: Operation, payload: unknown): void {
  const given = (payload ?? {}) as Readonly<Record<string, unknown>>
  const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, key = '']) => key)
  const wrong = wanted.find((key) => [undefined, null, '', '.', '..'].includes(given[key] as string))
  const realm = given['realm']
  if (wrong === undefined && realm !== '.' && realm !== '..') return
  throw new CloakwrightError('CW_ADMIN_REFUSED', `${name} needs a valid ${wrong ?? 'realm'}`, {
    hint: 'Give an id or a name. It must not be empty, "." or "..".',
  })
}

function isNetworkFailure(cause: unknown): boolean {
  return cause instanceof TypeError || (cause instanceof Error && cause.name === 'TimeoutError')
}

/** Constructing is synchronous, so that no other client is ever built by the wrapped functions. */
function whileWrapping<T>(wrap: (args: RequestArgs, send: Send) => Send, construct: () => T): T {
  const builders = ['request', 'updateRequest'] as const
  const originals = builders.map((name) => [name, Agent.prototype[name] as Builder] as const)
  for (const [name, original] of originals) {
    Agent.prototype[name] = function (args: RequestArgs) {
      return wrap(args, original.call(this, args))
    }
  }
  try {
    return construct()
  } finally {
    for (const [name, original] of originals) Agent.prototype[name] = original
  }
}
