import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { type RealmContext, seconds } from '../../context/index.ts'
import type { Client } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { OidcError } from '../errors.ts'
import type { Form } from '../form.ts'
import { checkAssertion, readAssertion } from './client-assertion.ts'
import { liveSecrets } from './secret-rotation.ts'

/**
 * Authenticates the client of the request (RFC 6749 section 2.3): by its secret, with HTTP Basic or in the form, or by a signed
 * assertion (RFC 7523). A public client sends only its client id.
 *
 * @throws {OidcError} invalid_client for an unknown client, unauthorized_client for a wrong or missing secret
 */
export async function authenticateClient(
  context: RealmContext,
  realm: RealmStore,
  request: FastifyRequest,
  form: Form,
): Promise<Readonly<Client>> {
  const assertion = readAssertion(form)
  const basic = basicCredentials(request.headers.authorization)
  const clientId = assertion?.clientId ?? form.get('client_id') ?? basic?.user
  const client = clientId === undefined ? undefined : realm.clientByName.get(clientId)
  if (client === undefined || !client.enabled) throw refused('invalid_client')
  if (client.publicClient) return client
  if (client.clientAuthenticatorType === 'client-jwt') {
    await checkAssertion({ context, request, realm, client, form }, assertion)
    return client
  }
  if (client.clientAuthenticatorType !== 'client-secret') {
    throw new OidcError(
      401,
      'invalid_client',
      `The client authentication ${client.clientAuthenticatorType} is not in the embedded realm; use the real Keycloak`,
    )
  }
  if (assertion !== undefined) throw refused('invalid_client')
  const isBasic = basic !== undefined && basic.user === clientId
  const secret = isBasic ? basic.password : form.get('client_secret')
  const method = client.attributes['client.secret.authentication.allowed.method']
  const used = isBasic ? 'client_secret_basic' : 'client_secret_post'
  if (secret !== undefined && (method ?? used) !== used) {
    throw new OidcError(
      401,
      'unauthorized_client',
      `Invalid method used to get client secret. Client requires method '${method}' to obtain client secret from the request`,
    )
  }
  const live = liveSecrets(context, realm, client, seconds(context))
  if (secret === undefined || !live.some((each) => isSame(secret, each))) throw refused('unauthorized_client')
  return client
}

function refused(error: string): OidcError {
  return new OidcError(401, error, 'Invalid client or Invalid client credentials')
}

/** Compares hashes, so the time reveals neither length nor content. */
function isSame(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(a), hash(b))
}

/** Both parts are form-encoded first (RFC 6749 section 2.3.1). */
function basicCredentials(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  return { user: formDecode(text.slice(0, colon)), password: formDecode(text.slice(colon + 1)) }
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
