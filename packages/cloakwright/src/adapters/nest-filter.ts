import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { CloakwrightError } from '../errors.ts'
import type { Guard, LogEntry } from '../guard/index.ts'
import { guardToken, RefusedException } from './nest-guard.ts'
import { toGuardedRequest } from './nest-request.ts'

/** Answers refusals with their problem and challenge, and logs the exact reason. */
export class CloakwrightFilter implements ExceptionFilter<RefusedException | CloakwrightError> {
  readonly #guard: Guard
  readonly #host: HttpAdapterHost
  readonly #logger = new Logger('Cloakwright')

  constructor(guard: Guard, host: HttpAdapterHost) {
    this.#guard = guard
    this.#host = host
  }

  catch(exception: RefusedException | CloakwrightError, host: ArgumentsHost): void {
    const http = host.switchToHttp()
    const request: object = http.getRequest()
    const { answer, log } =
      exception instanceof RefusedException
        ? exception.refused
        : this.#guard.refuse(exception, toGuardedRequest(request, request))
    this.#log(log)
    const { httpAdapter } = this.#host
    const response: unknown = http.getResponse()
    for (const [name, value] of Object.entries(answer.headers)) httpAdapter.setHeader(response, name, value)
    httpAdapter.reply(response, answer.body, answer.status)
  }

  #log({ level, code, message, hint, requestId, error }: LogEntry): void {
    const write = { info: 'log', warn: 'warn', error: 'error' } as const
    const more = error instanceof Error ? [error.stack] : []
    this.#logger[write[level]]({ code, message, hint, requestId }, ...more)
  }
}
Catch(RefusedException, CloakwrightError)(CloakwrightFilter)
Inject(guardToken)(CloakwrightFilter, undefined, 0)
Inject(HttpAdapterHost)(CloakwrightFilter, undefined, 1)
