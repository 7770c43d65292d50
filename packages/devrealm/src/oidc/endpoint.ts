import type { FastifyReply, FastifyRequest } from 'fastify'
import { baseUrl, type RealmContext } from '../context/index.ts'
import type { Client } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { authenticateClient } from './clients/index.ts'
import { allowClientOrigin, allowOrigin, InvalidOrigin } from './cors.ts'
import { OidcError } from './errors.ts'
import { type Form, formOf } from './form.ts'

/** The input of an endpoint with client authentication. */
export interface ClientRequest {
  readonly context: RealmContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly realm: RealmStore
  readonly client: Readonly<Client>
  readonly form: Form
  /** At the token endpoint: the thumbprint of the key of the DPoP proof. */
  readonly jkt?: string | undefined
}

/** Finds the realm of the path. @throws {OidcError} 404 */
export function realmOf(context: RealmContext, request: FastifyRequest): RealmStore {
  const realm = context.store.realm((request.params as { realm: string }).realm)
  if (realm === undefined) throw new OidcError(404, 'Realm does not exist')
  if (!realm.info.enabled) throw new OidcError(403, 'access_denied', 'Realm not enabled')
  return realm
}

/** Runs `work` for an authenticated client, and sends its errors in the format of the protocol. */
export async function forClient(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (clientRequest: ClientRequest) => Promise<unknown>,
): Promise<unknown> {
  const realm = realmOf(context, request)
  const form = formOf(request)
  try {
    allowOrigin(request, reply, 'Access-Control-Allow-Methods')
    const client = await authenticateClient(context, realm, request, form)
    allowClientOrigin(request, reply, client, baseUrl(context, request))
    return await work({ context, request, reply, realm, client, form })
  } catch (error) {
    return sendOidcError(reply, error)
  }
}

/** Sends an {@link OidcError}; rethrows any other error. */
export function sendOidcError(reply: FastifyReply, error: unknown): FastifyReply {
  if (!(error instanceof OidcError)) throw error
  if (error instanceof InvalidOrigin) {
    for (const name of Object.keys(reply.getHeaders())) {
      if (name.startsWith('access-control-')) reply.removeHeader(name)
    }
  }
  return reply.code(error.status).send(error.body)
}

/** Keeps tokens out of caches (RFC 6749 section 5.1). */
export function forbidCaching(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store')
  reply.header('pragma', 'no-cache')
}
