import { CloakwrightError } from '../errors.ts'
import { requireFunctions } from '../options.ts'
import { toRedisError } from './redis-failure.ts'

/** The part of a connected client of the package `redis` (5 or 6) that is used; `createClient()` fits. */
export interface RedisClientLike {
  readonly isReady: boolean
  sendCommand(args: readonly string[], options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
  duplicate(): RedisConnectionLike
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** A second connection with the same settings, used to subscribe. */
export interface RedisConnectionLike extends Omit<RedisClientLike, 'duplicate'> {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  destroy(): void
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'ready', listener: () => void): unknown
}

/** All keys have this hash tag: a script works on keys of one slot. */
export const base = '{cloakwright}:'

/** Milliseconds that a command may take, including the wait for a lost connection to return. */
const timeout = 3_000

/** Clients with a listener for errors. */
const known = new WeakSet<RedisClientLike>()

/** @throws {CW_CONFIG_MISSING} @throws {CW_CONFIG_INVALID} For example a client of `ioredis`. */
export function requireRedisClient(client: RedisClientLike): void {
  const hint = "Pass a connected client of the package redis: createClient({ url }) from 'redis'"
  requireFunctions('client', client, ['sendCommand', 'duplicate', 'on'], hint)
  if (typeof client.isReady !== 'boolean')
    throw new CloakwrightError('CW_CONFIG_INVALID', 'client: not a client of the package redis', { hint })
  if (known.has(client)) return
  known.add(client)
  // A broken connection is reported here and would end the process if there were no listener; the client reconnects.
  client.on('error', ignore)
}

/** @throws {CW_STATE_UNAVAILABLE} @throws {CW_DISK_FULL} */
export async function runCommand(
  client: Pick<RedisClientLike, 'sendCommand'>,
  args: readonly string[],
): Promise<unknown> {
  // A command that still waits to be sent is withdrawn at the time limit: its caller was told that it failed.
  return await withinTimeout((abortSignal) => client.sendCommand(args, { abortSignal }))
}

/**
 * Runs a Lua script, which Redis executes as one step. It builds all names of keys from its one declared key, {@link base}.
 */
export async function runScript(
  client: Pick<RedisClientLike, 'sendCommand'>,
  script: string,
  args: readonly string[],
): Promise<unknown> {
  return await runCommand(client, ['EVAL', script, '1', base, ...args])
}

/** Resolves within a time limit, however long the client would wait. */
export async function withinTimeout<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no response within ${timeout / 1000} s`))
      controller.abort()
    }, timeout)
  })
  try {
    return await Promise.race([work(controller.signal), late])
  } catch (error) {
    throw toRedisError(error)
  } finally {
    clearTimeout(timer)
  }
}

export function ignore(): void {}
