import type { Clock } from '../clock.ts'
import type { PolicyContext } from '../policy/index.ts'
import type { GuardedRequest } from './request/index.ts'

/** Most policies only read the token, so the time is only calculated when it is read. */
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
