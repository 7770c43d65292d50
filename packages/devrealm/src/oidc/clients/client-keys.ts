import { fetchBounded } from 'cloakwright'
import type { JWK } from 'jose'
import type { Client } from '../../model/index.ts'

/**
 * The public keys of a client: from its attributes, or from a URL. The URL is fetched again if no key `fits` and the last fetch
 * is at least {@link pause} ago.
 */
export async function clientKeys(
  { attributes }: Readonly<Client>,
  now: number,
  fits: (key: JWK) => boolean,
): Promise<readonly JWK[]> {
  if (attributes['use.jwks.string'] === 'true') return keysIn(attributes['jwks.string'])
  const url = attributes['jwks.url']
  if (attributes['use.jwks.url'] !== 'true' || url === undefined) return []
  const known = fetched.get(url)
  if (known !== undefined && (known.keys.some(fits) || now - known.at < pause)) return known.keys
  const keys = await fetchKeys(url)
  fetched.delete(url)
  fetched.set(url, { keys, at: now })
  const [oldest] = fetched.keys()
  if (fetched.size > 100 && oldest !== undefined) fetched.delete(oldest)
  return keys
}

/** Milliseconds. */
const pause = 10_000
const timeLimit = 5_000
/** Bytes. */
const longest = 256 * 1024
const fetched = new Map<string, { readonly keys: readonly JWK[]; readonly at: number }>()

async function fetchKeys(url: string): Promise<readonly JWK[]> {
  try {
    const { status, body } = await fetchBounded(url, {
      signal: AbortSignal.timeout(timeLimit),
      maxBytes: longest,
      refuse: ({ why }) => new Error(why),
    })
    return status === 200 ? keysIn(body.toString()) : []
  } catch {
    return []
  }
}

function keysIn(text: string | undefined): readonly JWK[] {
  try {
    const { keys } = JSON.parse(text ?? '') as { keys?: unknown }
    if (!Array.isArray(keys)) return []
    return keys.filter((key): key is JWK => typeof key === 'object' && key !== null)
  } catch {
    return []
  }
}
