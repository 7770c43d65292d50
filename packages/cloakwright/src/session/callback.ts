import { CloakwrightError } from '../errors.ts'
import { randomToken, sha256 } from '../sealing.ts'
import type { SessionRecord } from '../state/index.ts'
import type { SessionContext } from './context.ts'
import { clearLogin, findLogin, type Login, loginLifetime, startLogin } from './login.ts'
import { errorPage } from './pages.ts'
import type { Grant } from './provider.ts'
import { redirect, withCookies } from './redirect.ts'
import type { SessionRequest } from './types.ts'
import { endOf, readLive, sealTokens } from './vault.ts'

/**
 * Handles the provider's response to a login: checks it, exchanges the code for tokens, and stores a session with a new id.
 *
 * @throws {CW_LOGIN_STATE} This browser has no matching login.
 */
export async function answerCallback(
  context: SessionContext,
  request: SessionRequest,
  requestId: string,
  answer: URLSearchParams,
): Promise<Response> {
  const { config, cookies, store } = context
  const state = answer.get('state')
  const login = await findLogin(context, request, state)
  if (login === undefined) {
    // An old tab of a browser that has signed in since then: not an error.
    if (await isSignedIn(context, request)) return redirect(`${config.publicOrigin}/`)
    throw new CloakwrightError('CW_LOGIN_STATE', 'The callback’s state matches no login of this browser', {
      hint: 'Sign in again: the login took longer than 10 minutes, was used already, or was started in another browser.',
    })
  }
  const back = config.publicOrigin + login.returnTo
  const done = clearLogin(context, login)
  // Each response is used once on all replicas: a reloaded or repeated callback never reaches the provider, where the reuse
  // of a code ends the session that was created with it.
  const lasts = login.createdAt + loginLifetime
  if (!(await store.useOnce(`state:${sha256(login.state)}`, lasts, config.now())))
    return redirect(back, [done])
  if (isExpiredAtProvider(answer))
    return withCookies(await startLogin(context, request, login.returnTo), [done])
  try {
    const value = await createSession(context, request, await context.provider.exchange(answer, login))
    return redirect(back, [cookies.writeSession(value), done])
  } catch (error) {
    if (!(error instanceof CloakwrightError)) throw error
    context.report(error, requestId)
    const page = errorPage(context, request, error, { requestId, back: toLoginUrl(context, login) })
    return withCookies(page, [done])
  }
}

async function createSession(
  context: SessionContext,
  request: SessionRequest,
  grant: Grant,
): Promise<string> {
  const { config, cookies, store, watchers } = context
  const { subject, sid } = grant
  if (subject === undefined)
    throw new CloakwrightError('CW_LOGIN_RESPONSE', 'The login returned no ID token with a subject')
  const { issuer, clientId } = config
  // A new id at each login, whatever cookie the browser sent (session fixation).
  const value = randomToken()
  const identity = { key: sha256(value), issuer, clientId, subject, sid }
  const createdAt = config.now()
  const absoluteExpiresAt = createdAt + config.absoluteTimeout
  const record: SessionRecord = {
    ...identity,
    tokens: (await sealTokens(context, grant, identity, 1)).sealed,
    createdAt,
    lastSeenAt: createdAt,
    expiresAt: endOf(config, createdAt, absoluteExpiresAt, grant.refreshExpiresAt),
    absoluteExpiresAt,
  }
  const previous = cookies.readSession(request)
  const replacedKey = previous === undefined ? undefined : sha256(previous)
  await store.create(record, replacedKey)
  if (replacedKey !== undefined) watchers.tell({ key: replacedKey })
  return value
}

/** Whether the browser has a live session. */
export async function isSignedIn(context: SessionContext, request: SessionRequest): Promise<boolean> {
  const value = context.cookies.readSession(request)
  return value !== undefined && (await readLive(context, sha256(value))) !== undefined
}

/** Keycloak's response when its login page was left open for too long: the user did nothing wrong, so login starts again. */
function isExpiredAtProvider(answer: URLSearchParams): boolean {
  return (
    answer.get('error') === 'temporarily_unavailable' &&
    answer.get('error_description') === 'authentication_expired'
  )
}

function toLoginUrl({ config }: SessionContext, { returnTo }: Login): string {
  return `${config.publicOrigin}${config.basePath}/login?returnTo=${encodeURIComponent(returnTo)}`
}
