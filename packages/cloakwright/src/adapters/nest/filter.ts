import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { CloakwrightError } from '../../errors.ts'
import type { Guard, Refused } from '../../guard/index.ts'
import { guardToken } from './guard.ts'
import { LoginException, logRefusal, RefusedException, RefusedMessage } from './refusal.ts'
import { sourceOf, toGuardedRequest } from './request.ts'

/**
 * Sends refusals, and Cloakwright's errors that a handler throws: to HTTP routes with their problem and challenge,
 * to GraphQL operations as an error, to messages of a gateway as the event `exception`.
 */
export class CloakwrightFilter
  implements ExceptionFilter<RefusedException | LoginException | CloakwrightError>
{
  readonly #guard: Guard
  readonly #host: HttpAdapterHost

  constructor(guard: Guard, host: HttpAdapterHost) {
    this.#guard = guard
    this.#host = host
  }

  catch(exception: RefusedException | LoginException | CloakwrightError, host: ArgumentsHost): void {
    const type = host.getType<string>()
    if (exception instanceof LoginException) {
      const response: unknown = host.switchToHttp().getResponse()
      this.#host.httpAdapter.reply(response, exception.body, exception.getStatus())
      return
    }
    // Elsewhere Nest itself logs the error and sends a generic failure.
    if (!['http', 'graphql', 'ws'].includes(type)) return
    const refused = exception instanceof RefusedException ? exception.refused : this.#refuse(exception, host)
    if (type === 'graphql')
      throw exception instanceof RefusedException ? exception : new RefusedException(refused)
    if (type === 'ws') sendException(refused, host)
    else this.#reply(refused, host)
  }

  #refuse(error: CloakwrightError, host: ArgumentsHost): Refused {
    const request = sourceOf(host)?.request ?? {}
    const refused = this.#guard.refuse(error, toGuardedRequest(request, host))
    logRefusal(refused.log)
    return refused
  }

  #reply({ answer }: Refused, host: ArgumentsHost): void {
    const { httpAdapter } = this.#host
    const response: unknown = host.switchToHttp().getResponse()
    for (const [name, value] of Object.entries(answer.headers)) httpAdapter.setHeader(response, name, value)
    httpAdapter.reply(response, answer.body, answer.status)
  }
}
Catch(RefusedException, LoginException, CloakwrightError)(CloakwrightFilter)
Inject(guardToken)(CloakwrightFilter, undefined, 0)
Inject(HttpAdapterHost)(CloakwrightFilter, undefined, 1)

/** Filters for all routes do not apply to gateways, so the decorators add this one. */
export class MessageFilter implements ExceptionFilter<RefusedMessage> {
  catch({ refused }: RefusedMessage, host: ArgumentsHost): void {
    sendException(refused, host)
  }
}
Catch(RefusedMessage)(MessageFilter)

/** In the format in which Nest sends exceptions to the clients of gateways. */
function sendException({ problem }: Refused, host: ArgumentsHost): void {
  const client = host.switchToWs().getClient<Client>()
  const { detail, code, requestId } = problem
  const data = { status: 'error', message: detail, code, requestId }
  // Clients of Socket.IO receive what is emitted; for those of `ws`, emit only calls listeners here.
  if (typeof client.readyState === 'number') client.send?.(JSON.stringify({ event: 'exception', data }))
  else client.emit?.('exception', data)
}

interface Client {
  readonly readyState?: unknown
  send?(message: string): void
  emit?(event: string, data: unknown): void
}
