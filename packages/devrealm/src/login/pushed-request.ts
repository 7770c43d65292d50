import { baseUrl } from '../context/index.ts'
import type { Client } from '../model/index.ts'
import {
  allowOrigin,
  authenticateClient,
  type Form,
  formOf,
  OidcError,
  readProof,
  sendOidcError,
} from '../oidc/index.ts'
import { AuthorizationPageError, findTarget, readRequest } from './authorization-request.ts'
import type { LoginContext } from './login-context.ts'
import { InvalidRequestObject, readRequestObject } from './request-object.ts'
import { merge } from './resolve-request.ts'

/** POST `ext/par/request`: pushed authorization requests (RFC 9126). */
export async function pushedRequestEndpoint(login: LoginContext): Promise<unknown> {
  const { context, request, reply, realm } = login
  allowOrigin(request, reply, 'Access-Control-Allow-Methods')
  try {
    const form = formOf(request)
    const client = await authenticate(login, form)
    const lifespan = lifespanOf(login)
    const pushed = await readPushed(login, client, form)
    await bindToProof(login, pushed)
    const uri = context.pushed.push({
      realmId: realm.info.id,
      clientId: client.clientId,
      parameters: pushed,
      expiresAt: context.now() + lifespan * 1000,
    })
    return await reply.code(201).send({ request_uri: uri, expires_in: lifespan })
  } catch (error) {
    return sendOidcError(reply, error)
  }
}

async function authenticate(
  { context, request, realm }: LoginContext,
  form: Form,
): Promise<Readonly<Client>> {
  try {
    return await authenticateClient(context, realm, request, form)
  } catch (error) {
    if (!(error instanceof OidcError)) throw error
    throw new OidcError(401, 'invalid_request', 'Authentication failed.')
  }
}

/** Keycloak fails here with status 500. */
function lifespanOf({ realm }: LoginContext): number {
  const lifespan = Number(realm.info.attributes['parRequestUriLifespan'] ?? 60)
  if (lifespan > 0) return lifespan
  throw new OidcError(
    400,
    'invalid_request',
    "The realm's attribute parRequestUriLifespan must be a positive number of seconds",
  )
}

/** Checks the request as the authorization endpoint would, and returns its parameters without credentials. */
async function readPushed(
  { context, request, realm }: LoginContext,
  client: Readonly<Client>,
  given: Form,
): Promise<Map<string, string>> {
  if (given.has('request_uri')) throw invalid('It is not allowed to include request_uri to PAR.')
  const object = given.get('request')
  const mode = client.attributes['request.object.required']
  if (object === undefined && (mode === 'request only' || mode === 'request or request_uri'))
    throw invalid('invalidRequestMessage')
  try {
    const form =
      object === undefined
        ? given
        : merge(given, await readRequestObject(realm, client, object, context.now()))
    const target = findTarget(client, form, baseUrl(context, request))
    readRequest(realm, client, target, form)
    const parameters = new Map(form.toParameters())
    for (const name of credentials) parameters.delete(name)
    return parameters.set('client_id', client.clientId)
  } catch (error) {
    throw refusalOf(error)
  }
}

const credentials = ['client_secret', 'client_assertion', 'client_assertion_type']

/** A DPoP proof binds the authorization code to its key, like `dpop_jkt` (RFC 9449 section 10.1). */
async function bindToProof({ context, request }: LoginContext, pushed: Map<string, string>): Promise<void> {
  const jkt = await readProof(context, request)
  if (jkt === undefined) return
  if ((pushed.get('dpop_jkt') ?? jkt) !== jkt)
    throw invalid('DPoP Proof public key thumbprint does not match dpop_jkt.')
  pushed.set('dpop_jkt', jkt)
}

/** The refusals of the authorization endpoint in the words of this one. */
function refusalOf(error: unknown): unknown {
  if (error instanceof InvalidRequestObject)
    return new OidcError(400, 'invalid_request_object', 'invalidRequestMessage')
  if (error instanceof AuthorizationPageError)
    return invalid(error.message === 'Invalid Request' ? 'invalidRequestMessage' : error.message)
  if (!(error instanceof OidcError)) return error
  if (error.error === 'unsupported_response_type') return invalid('Unsupported response type')
  if (error.error === 'unauthorized_client') return new OidcError(401, error.error, error.description)
  return invalid(error.description ?? error.error)
}

function invalid(description: string): OidcError {
  return new OidcError(400, 'invalid_request', description)
}
