import type { Clock } from '../clock.ts'
import type { PolicyContext } from '../policy/index.ts'
import type { GuardedRequest } from './request/index.ts'

/** Most policies look at the token alone: the time is told when it is asked for. */
export class RequestContext implements PolicyContext {
  readonly tokenText: string
  declare private readonly guarded: GuardedRequest
  declare private readonly clock: Clock

  constructor(guarded: GuardedRequest, tokenText: string, clock: Clock) {
    this.guarded = guarded
    this.tokenText = tokenText
    this.clock = clock
  }

  get now(): number {
    return this.clock.now() / 1000
  }

  get clockTolerance(): number {
    return this.clock.tolerance
  }

  get request(): unknown {
    return this.guarded.native
  }

  get requestIdentity(): object {
    return this.guarded.identity
  }
}
