import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RealmContext } from '../../context/index.ts'
import { allowOrigin } from '../cors.ts'
import { readClientProof } from '../dpop.ts'
import { forbidCaching, forClient, realmOf, sendOidcError } from '../endpoint.ts'
import { invalidRequest, OidcError } from '../errors.ts'
import { formOf } from '../form.ts'
import { grants } from '../grants/index.ts'

/** Parameters that may be sent more than once (RFC 8693 section 2.1). */
const repeatable: Record<string, readonly string[]> = {
  'urn:ietf:params:oauth:grant-type:token-exchange': ['audience', 'resource'],
}

/** POST `token` (RFC 6749 section 3.2). */
export async function tokenEndpoint(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  realmOf(context, request)
  forbidCaching(reply)
  const grantType = formOf(request).get('grant_type')
  const grant = grantType === undefined || !Object.hasOwn(grants, grantType) ? undefined : grants[grantType]
  if (grant === undefined) {
    allowOrigin(request, reply, 'Access-Control-Allow-Methods')
    return sendOidcError(
      reply,
      grantType === undefined
        ? invalidRequest('Missing form parameter: grant_type')
        : new OidcError(400, 'unsupported_grant_type', 'Unsupported grant_type'),
    )
  }
  return forClient(context, request, reply, async (clientRequest) => {
    if (clientRequest.form.hasDuplicates(...(repeatable[grantType ?? ''] ?? [])))
      throw invalidRequest('duplicated parameter')
    if (clientRequest.client.bearerOnly) throw new OidcError(400, 'invalid_client', 'Bearer-only not allowed')
    const jkt = await readClientProof(context, request, clientRequest.client)
    return grant({ ...clientRequest, jkt })
  })
}
