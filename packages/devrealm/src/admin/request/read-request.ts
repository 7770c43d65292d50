import type { FastifyRequest } from 'fastify'
import { baseUrl, type RealmContext } from '../../context/index.ts'
import { presentedToken } from '../../oidc/index.ts'
import { nothing, readBody, type Shape } from '../body/index.ts'
import { AdminError, unauthorized } from '../errors.ts'
import { type Caller, readCaller } from './access.ts'

/**
 * The caller of the request.
 *
 * @throws {AdminError} 401
 */
export async function callerOf(context: RealmContext, request: FastifyRequest): Promise<Caller> {
  const token = presentedToken(request)
  const caller = token === undefined ? undefined : await readCaller(context, request, token)
  if (caller === undefined) throw unauthorized()
  return caller
}

/** The body of the request, checked against the shape. */
export function bodyOf<Body>(shape: Shape<Body>, request: FastifyRequest): Body {
  if ((shape as Shape<unknown>) === nothing) return undefined as Body
  const type = request.headers['content-type']
  if (type !== undefined && !/^application\/json\b/i.test(type)) {
    throw new AdminError(415, {
      error: 'The content-type header value did not match the value in @Consumes',
    })
  }
  return readBody(shape, typeof request.body === 'string' ? request.body : '')
}

/** The request's absolute URL, without query and trailing slash. */
export function urlOf(context: RealmContext, request: FastifyRequest): string {
  const [path = ''] = request.url.split('?')
  return baseUrl(context, request) + path.replace(/\/+$/, '')
}
