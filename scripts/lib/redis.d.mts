/** A Redis server of its own. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  start(): Promise<void>
  shutDown(): Promise<void>
  kill(): Promise<void>
  stop(): Promise<void>
}

export function redisProgram(): string | undefined
export function startRedis(options?: {
  readonly persistent?: boolean
  readonly parent?: string
}): Promise<RedisServer>
