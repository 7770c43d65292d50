import type { AuthorizationRequest, ResponseMode } from '../context/index.ts'
import type { Client } from '../model/index.ts'
import { type Form, grantScope, OidcError, resolveRedirectUri } from '../oidc/index.ts'
import type { RealmStore } from '../store/index.ts'

/** A request whose error must not be sent to a redirect URI: an error page is shown instead. */
export class AuthorizationPageError extends Error {
  override readonly name = 'AuthorizationPageError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Where to send the error once the redirect URI is verified. */
export interface ResponseTarget {
  readonly redirectUri: string
  readonly mode: ResponseMode
  readonly state: string | undefined
}

/** Finds the client that may log browsers in. Until it and the redirect URI are known, errors are pages. */
export function findClient(realm: RealmStore, form: Form): Readonly<Client> {
  const clientId = form.get('client_id')
  if (clientId === undefined || form.count('client_id') > 1)
    throw new AuthorizationPageError(400, 'Invalid Request')
  const client = realm.clientByName.get(clientId)
  if (client === undefined) throw new AuthorizationPageError(400, 'Client not found.')
  if (!client.enabled) throw new AuthorizationPageError(400, 'Client disabled.')
  if (client.bearerOnly) {
    throw new AuthorizationPageError(
      403,
      'Bearer-only applications are not allowed to initiate browser login',
    )
  }
  return client
}

/** Finds the redirect URI and how to respond there. */
export function findTarget(client: Readonly<Client>, form: Form, base: string): ResponseTarget {
  const maxAge = form.get('max_age')
  if (maxAge !== undefined && !/^-?\d{1,9}$/.test(maxAge))
    throw new AuthorizationPageError(400, 'Invalid Request')
  const isOidc = form.get('scope')?.split(' ').includes('openid') === true
  const redirectUri = resolveRedirectUri(client, form.get('redirect_uri'), base, isOidc)
  if (redirectUri === undefined) throw new AuthorizationPageError(400, 'Invalid parameter: redirect_uri')
  const hasTokens = typesOf(form.get('response_type') ?? '')?.some(isToken)
  const asked = form.get('response_mode')
  const mode = modes.find((each) => each === asked) ?? (hasTokens ? 'fragment' : 'query')
  return { redirectUri, mode, state: shortEnough(form.get('state')) || undefined }
}

/**
 * Runs the checks whose errors are sent to the redirect URI, in Keycloak's order.
 *
 * @throws {OidcError} with the `error` and `error_description` of the response
 */
export function readRequest(
  realm: RealmStore,
  client: Readonly<Client>,
  target: ResponseTarget,
  form: Form,
): AuthorizationRequest {
  const responseType = checkResponseType(client, form)
  if (form.hasDuplicates()) throw invalid('duplicated parameter')
  const scope = form.get('scope')
  const mode = form.get('response_mode')
  if (mode !== undefined && !modes.some((each) => each === mode))
    throw invalid(
      jwtModes.includes(mode)
        ? `The response_mode ${mode} is not in the embedded realm; use the real Keycloak`
        : 'Invalid parameter: response_mode',
    )
  const types = responseType.split(' ')
  if (mode === 'query' && types.some(isToken))
    throw invalid("Response_mode 'query' not allowed for implicit or hybrid flow")
  grantScope(realm, client, scope)
  if (types.includes('id_token') && !form.has('nonce')) throw invalid('Missing parameter: nonce')
  const { challenge, challengeMethod } = checkChallenge(client, form)
  const maxAge = form.get('max_age')
  return {
    clientId: client.clientId,
    redirectUri: target.redirectUri,
    responseType,
    responseMode: target.mode,
    scope,
    state: target.state,
    nonce: shortEnough(form.get('nonce')),
    prompt: form.get('prompt')?.split(' ') ?? [],
    maxAge: maxAge === undefined ? undefined : Number(maxAge),
    loginHint: form.get('login_hint'),
    challenge,
    challengeMethod,
    dpopJkt: form.get('dpop_jkt') || undefined,
  }
}

/** Keycloak ignores longer parameters. */
function shortEnough(value: string | undefined): string | undefined {
  return value !== undefined && value.length <= 4000 ? value : undefined
}

const modes: readonly ResponseMode[] = ['query', 'fragment', 'form_post']
/** Keycloak's signed responses. */
const jwtModes = ['jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt']

/** The parts of a response type, undefined for an unsupported one. */
function typesOf(responseType: string): readonly string[] | undefined {
  const types = [...new Set(responseType.split(' '))]
  const isKnown = responseType === 'none' || types.every((type) => type === 'code' || isToken(type))
  return isKnown ? types : undefined
}

function isToken(type: string): boolean {
  return type === 'token' || type === 'id_token'
}

function invalid(description: string): OidcError {
  return new OidcError(400, 'invalid_request', description)
}

export function checkResponseType(client: Readonly<Client>, form: Form): string {
  const responseType = form.get('response_type')
  if (responseType === undefined) throw invalid('Missing parameter: response_type')
  const types = typesOf(responseType)
  if (types === undefined) throw new OidcError(400, 'unsupported_response_type')
  const refuse = (flow: string): OidcError =>
    new OidcError(
      400,
      'unauthorized_client',
      `Client is not allowed to initiate browser login with given response_type. ${flow} flow is disabled for the client.`,
    )
  if (types.some(isToken) && !client.implicitFlowEnabled) throw refuse('Implicit')
  if (!types.every(isToken) && !client.standardFlowEnabled) throw refuse('Standard')
  if (types.some(isToken) && client.attributes['dpop.bound.access.tokens'] === 'true')
    throw new OidcError(
      400,
      'unauthorized_client',
      'DPoP is not supported for implicit nor hybrid flows. Client requires DPoP bound access tokens.',
    )
  return types.join(' ')
}

/** RFC 7636 section 4.3; a client can be required to use one method. */
export function checkChallenge(
  client: Readonly<Client>,
  form: Form,
): { challenge: string | undefined; challengeMethod: string | undefined } {
  const required = client.attributes['pkce.code.challenge.method'] || undefined
  const challenge = form.get('code_challenge')
  const method = form.get('code_challenge_method')
  if (required !== undefined && method === undefined)
    throw invalid('Missing parameter: code_challenge_method')
  if (required !== undefined && method !== required) {
    throw invalid('Invalid parameter: code challenge method is not matching the configured one')
  }
  if (method !== undefined && method !== 'S256' && method !== 'plain') {
    throw invalid('Invalid parameter: code_challenge_method')
  }
  if (challenge === undefined && method !== undefined) throw invalid('Missing parameter: code_challenge')
  if (challenge !== undefined && !/^[A-Za-z0-9\-._~]{43,128}$/.test(challenge)) {
    throw invalid('Invalid parameter: code_challenge')
  }
  return { challenge, challengeMethod: challenge === undefined ? undefined : (method ?? 'plain') }
}
