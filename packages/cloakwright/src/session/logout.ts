import { sha256 } from '../sealing.ts'
import type { SessionContext } from './context.ts'
import { requireSameOrigin } from './csrf.ts'
import { isOutage } from './provider.ts'
import { redirect } from './redirect.ts'
import type { SessionRequest } from './types.ts'
import { openTokens } from './vault.ts'

/**
 * Signs out. It ends the session with its access tokens, then redirects the browser to the provider, to end the
 * session there (OpenID Connect RP-Initiated Logout 1.0). From there the browser returns to `/`.
 *
 * @throws {CW_SESSION_ORIGIN} Without a same-origin proof.
 */
export async function answerLogout(context: SessionContext, request: SessionRequest): Promise<Response> {
  const { config, cookies, provider, revocations, store, watchers } = context
  requireSameOrigin(request, config.publicOrigin)
  const home = `${config.publicOrigin}/`
  const value = cookies.readSession(request)
  const key = value === undefined ? undefined : sha256(value)
  const record = key === undefined ? undefined : await store.read(key)
  if (key === undefined || record === undefined) return redirect(home, [cookies.clearSession()])
  // The tokens first: if the store fails in between, the session still exists and can be signed out again.
  if (record.sid !== undefined)
    await revocations?.revoke(config.issuer, { sid: record.sid, issuedUntil: config.now() / 1000 })
  await store.remove(key)
  watchers.tell({ key })
  const tokens = await openTokens(context, record)
  const location = await provider.logoutUrl(tokens?.idToken).catch((error: unknown) => {
    // Signed out here, even if the provider's page is not available.
    if (isOutage(error)) return undefined
    throw error
  })
  return redirect(location ?? home, [cookies.clearSession()])
}
