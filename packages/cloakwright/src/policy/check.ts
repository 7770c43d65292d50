import type { AccessToken } from '../token/index.ts'
import { allowed, checkNames, forbidden, undetermined } from './decision.ts'
import type { Decision, Policy } from './types.ts'

/**
 * A policy of your own, such as “owner of the order”: a function of the token and the framework's request. Only `true`
 * allows. A result that is neither `true` nor `false` is refused, and so is its opposite (`not`). An error that it
 * throws becomes the error of the request.
 *
 * @param description The requirement, for the log and explanations; it completes the sentence “needs …”.
 * @throws {CW_CONFIG_INVALID} No description.
 * @example
 * ```ts
 * import { anyOf, check, type Policy, role } from 'cloakwright'
 * import type { FastifyRequest } from 'fastify'
 *
 * type OrderRequest = FastifyRequest<{ Params: { id: string } }>
 *
 * export function mayReadOrder(ownerOf: (order: string) => Promise<string | undefined>): Policy {
 *   const owner = check<OrderRequest>('owner of the order', async (token, request) => {
 *     return (await ownerOf(request.params.id)) === token.subject
 *   })
 *   return anyOf(role('admin'), owner)
 * }
 * ```
 */
export function check<Request = unknown>(
  description: string,
  isAllowed: (token: AccessToken, request: Request) => boolean | PromiseLike<boolean>,
): Policy {
  checkNames('check’s description', [description])
  const decide = (answer: unknown): Decision => {
    if (answer === true) return allowed
    return answer === false ? forbidden(`not ${description}`) : undetermined(`not ${description}`)
  }
  return {
    description,
    evaluate(token, { request }) {
      const answer = isAllowed(token, request as Request)
      return typeof answer === 'boolean' ? decide(answer) : Promise.resolve(answer).then(decide)
    },
  }
}
