import { pushedRequestPrefix } from '../context/index.ts'
import type { Client } from '../model/index.ts'
import { Form, OidcError } from '../oidc/index.ts'
import { AuthorizationPageError, checkResponseType } from './authorization-request.ts'
import type { LoginContext } from './login-context.ts'
import { InvalidRequestObject, readRequestObject } from './request-object.ts'

/** The parameters of an authorization request, wherever they came from. */
export interface ResolvedRequest {
  readonly form: Form
  /** The `request_uri` of a pushed request. */
  readonly pushed: string | undefined
}

/**
 * Adds the parameters of `request` or `request_uri` to those of the URL; they win.
 *
 * @throws {AuthorizationPageError} 400
 */
export async function resolveRequest(
  { context, realm }: LoginContext,
  client: Readonly<Client>,
  form: Form,
): Promise<ResolvedRequest> {
  const object = form.get('request')
  const uri = form.get('request_uri')
  const mode = client.attributes['request.object.required']
  if (object !== undefined && uri !== undefined) throw invalidPage()
  if (mode === 'request or request_uri' && object === undefined && uri === undefined) throw invalidPage()
  if (mode === 'request only' && object === undefined) throw invalidPage()
  if (mode === 'request_uri only' && uri === undefined) throw invalidPage()
  if (object !== undefined) {
    try {
      return {
        form: merge(form, await readRequestObject(realm, client, object, context.now())),
        pushed: undefined,
      }
    } catch (error) {
      throw error instanceof InvalidRequestObject ? invalidPage() : error
    }
  }
  if (uri === undefined) return { form, pushed: undefined }
  if (uri.startsWith(pushedRequestPrefix)) {
    const request = context.pushed.find(realm, client.clientId, uri, context.now())
    if (request === undefined) throw invalidPage()
    return { form: merge(form, request.parameters), pushed: uri }
  }
  if (client.attributes['request.uris']?.split('##').includes(uri) !== true) throw invalidPage()
  throw new AuthorizationPageError(
    400,
    'The embedded realm does not fetch a request_uri. Push the request, send it by value, or use the real Keycloak.',
  )
}

/** The form with these parameters instead of its own. A parameter that was sent twice stays a duplicate. */
export function merge(form: Form, parameters: ReadonlyMap<string, string>): Form {
  const values = form.toParameters()
  values.delete('request')
  values.delete('request_uri')
  for (const [name, value] of parameters) {
    const count = Math.max(1, values.getAll(name).length)
    values.delete(name)
    for (let times = 0; times < count; times++) values.append(name, value)
  }
  return new Form(values)
}

/**
 * Refuses a request in the URL if the client must push it.
 *
 * @throws {OidcError} invalid_request
 */
export function requirePushed(client: Readonly<Client>, { form, pushed }: ResolvedRequest): void {
  if (client.attributes['require.pushed.authorization.requests'] !== 'true' || pushed !== undefined) return
  checkResponseType(client, form)
  throw new OidcError(400, 'invalid_request', 'Pushed Authorization Request is only allowed.')
}

/**
 * Each `resource` must be an absolute URI without a fragment (RFC 8707 section 2). As in Keycloak, it changes no token.
 *
 * @throws {OidcError} invalid_target
 */
export function checkResource(form: Form): void {
  const resource = form.get('resource')
  if (resource === undefined) return
  if (/^[a-z][a-z0-9+.-]*:[^\s#]+$/i.test(resource)) return
  throw new OidcError(
    400,
    'invalid_target',
    'The requested resource is invalid, missing, unknown, or malformed.',
  )
}

function invalidPage(): AuthorizationPageError {
  return new AuthorizationPageError(400, 'Invalid Request')
}
