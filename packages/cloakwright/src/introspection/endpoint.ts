import { type BoundedResponse, parseUrl, unlessAborted } from '../http/index.ts'
import { fetchRealm, type Metadata } from '../metadata/index.ts'
import { type Answer, toAnswer, toOutage, unavailable } from './answer.ts'
import type { CheckedIntrospection, IntrospectionSurroundings } from './options.ts'

const what = 'Introspection'
const code = 'CW_INTROSPECTION_UNAVAILABLE'
const maxBytes = 256 * 1024

/**
 * Sends one token to the realm's introspection endpoint. Throws when there was no usable response; returns the
 * response otherwise, also a refusal.
 */
export async function askEndpoint(
  token: string,
  options: CheckedIntrospection,
  { metadata, fetch }: IntrospectionSurroundings,
): Promise<Answer> {
  const { clientId, timeout } = options
  const url = await endpointOf(metadata)
  const fields = new URLSearchParams({ token, token_type_hint: 'access_token' })
  const askWith = (secret: string): Promise<BoundedResponse> => {
    const form = { fields, authorization: toBasic(clientId, secret) }
    return fetchRealm(url, { fetch, timeout, maxBytes, code, what, form })
  }
  const secret = await secretOfNow(options)
  const answer = await askWith(secret)
  // If the secret was rotated during the call, the new one can be read by now.
  const next = answer.status === 401 ? await secretOfNow(options) : secret
  return toAnswer(url, clientId, next === secret ? answer : await askWith(next))
}

async function secretOfNow({ readSecret, timeout }: CheckedIntrospection): Promise<string> {
  const secret = await unlessAborted(readSecret(), AbortSignal.timeout(timeout)).catch((error: unknown) => {
    throw unavailable('clientSecret cannot be read', error, 'See the cause.')
  })
  if (typeof secret !== 'string' || secret === '')
    throw unavailable('clientSecret is empty', undefined, 'Check the source that the function reads it from.')
  return secret
}

async function endpointOf(metadata: Metadata): Promise<string> {
  let url: unknown
  try {
    url = (await metadata.get()).internal.introspection_endpoint
  } catch (error) {
    throw toOutage(error)
  }
  if (typeof url === 'string' && parseUrl(url) !== undefined) return url
  throw unavailable('introspection_endpoint is missing in the realm’s discovery document')
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function toBasic(clientId: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`
}
