import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../client/index.ts'
import {
  type Assertion,
  cleanText,
  clientAssertion,
  createRetry,
  postForm,
  realmUrl,
  retryDelay,
  serverText,
} from '../client/index.ts'
import type { Client } from './policies.ts'

/** What a client proves itself with. */
export type ClientProof = { readonly secret: string } | Omit<Assertion, 'clientId'>

/** How a proof was made: by a token that the client got, or, without a service account, by its introspection of none. */
export type ProvedBy = 'token' | 'introspection'

/**
 * Proves that Keycloak lets the client in: with a real token of its service account, or else by asking the introspection
 * endpoint about no token, which Keycloak responds to clients that authenticate, and to no one else.
 *
 * @throws {CW_ADMIN_UNAUTHORIZED} Keycloak does not accept it
 * @throws {CW_ADMIN_UNAVAILABLE} Keycloak did not answer
 */
export async function prove(
  admin: Admin,
  client: Client,
  proof: ClientProof,
  signal: AbortSignal | undefined,
): Promise<ProvedBy> {
  const by: ProvedBy = client.serviceAccountsEnabled === true ? 'token' : 'introspection'
  const path = by === 'token' ? 'token' : 'token/introspect'
  const url = `${realmUrl(admin.server, admin.realm)}/protocol/openid-connect/${path}`
  const form: Record<string, string> =
    by === 'token' ? { grant_type: 'client_credentials' } : { token: 'none' }
  const retry = createRetry({ timeout: 10_000, retries: 3, signal })
  for (let attempt = 1; ; attempt += 1) {
    const { headers, fields } = await authentication(client, proof)
    const body = new URLSearchParams({ ...form, ...fields })
    const response = await postForm(url, body, retry.signal(), headers).catch((error: unknown) => {
      if (error instanceof CloakwrightError) throw error
      return undefined
    })
    signal?.throwIfAborted()
    const text = response?.body.toString() ?? ''
    if (response !== undefined && response.status < 300 && isMeant(by, text)) return by
    const delay = retryDelay(retry, attempt, response)
    if (delay === undefined) throw refusal(client.clientId, url, response?.status, text)
    await retry.wait(delay)
  }
}

async function authentication(
  { clientId, attributes }: Client,
  proof: ClientProof,
): Promise<{ headers: Record<string, string>; fields: Record<string, string> }> {
  if ('privateKey' in proof) return { headers: {}, fields: await clientAssertion({ clientId, ...proof }) }
  const { secret } = proof
  if (attributes?.['client.secret.authentication.allowed.method'] === 'client_secret_post') {
    return { headers: {}, fields: { client_id: clientId, client_secret: secret } }
  }
  // RFC 6749 section 2.3.1: each half is form-encoded first.
  const pair = [clientId, secret]
    .map((half) => new URLSearchParams({ '': half }).toString().slice(1))
    .join(':')
  return { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, fields: {} }
}

/** The answer itself, and not a proxy's page. */
function isMeant(by: ProvedBy, text: string): boolean {
  const body = parse(text)
  return by === 'token' ? typeof body['access_token'] === 'string' : body['active'] === false
}

function refusal(clientId: string, url: string, status: number | undefined, text: string): CloakwrightError {
  if (status === undefined || status >= 500 || status === 429) {
    const said = status === undefined ? 'did not respond' : `responded ${status}`
    return new CloakwrightError('CW_ADMIN_UNAVAILABLE', `Keycloak ${said} at ${url}`, {
      hint: 'Try again when Keycloak is ready.',
    })
  }
  const said = cleanText(serverText(parse(text)) ?? 'the response is not from Keycloak')
  return new CloakwrightError(
    'CW_ADMIN_UNAUTHORIZED',
    `Keycloak refused the client ${clientId} at ${url} (${status}): ${said}`,
    { hint: 'Check that the client is enabled. With a key, the audience must be the issuer of the realm.' },
  )
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
