import { decodeJwt } from 'jose'
import { CloakwrightError } from '../../errors.ts'
import { randomToken, sha256 } from '../../sealing.ts'
import type { SealedData, SessionRecord } from '../../state/index.ts'
import type { SessionContext } from '../context.ts'
import { deviceOf, sealDevice } from '../device.ts'
import { revokeRefresh } from '../end-session.ts'
import { atMost, patience } from '../hooks.ts'
import type { LiveSession } from '../live-session.ts'
import { type LoginParameters, stepUpOf } from '../login-parameters.ts'
import type { Grant } from '../provider.ts'
import { redirect, withCookies } from '../redirect.ts'
import { orErrorPage, type RoutedRequest } from '../request.ts'
import { toLoginUrl } from '../return-to.ts'
import { sealData } from '../session-data.ts'
import { isSignedIn } from '../signed-in.ts'
import { endOf, readLive, type SessionIdentity, sealTokens } from '../vault.ts'
import { startLogin } from './login.ts'
import { countLogin, latestLogins } from './login-count.ts'
import { openLogin, type ReturnedLogin, retriesOf } from './login-state.ts'
import { toUserCookies } from './saved-forms.ts'
import { countStepUp, isStepUp, stepUpRefused } from './step-up.ts'

/** A login that expires on the realm's page is started again this often. */
const maxRetries = 2

/**
 * Handles the provider's response to a login: checks it, exchanges the code for tokens, and stores a session with a new id.
 */
export async function answerCallback(context: SessionContext, request: RoutedRequest): Promise<Response> {
  const answer = new URL(request.url).searchParams
  const state = answer.get('state')
  const login = state === null ? undefined : await openLogin(context, request, state)
  const again = toLoginUrl(context.config, login?.returnTo ?? '/', toStepUpAgain(login))
  return await orErrorPage(context, request, again, async () => {
    if (login?.checks === undefined) return await answerLost(context, request, state, login)
    // Each response is used once on all replicas: a reloaded or repeated callback never reaches the provider, where the reuse
    // of a code ends the session that was created with it.
    const { config, store } = context
    if (!(await store.useOnce(`state:${sha256(login.checks.state)}`, login.expiresAt, config.now())))
      return redirect(config.publicOrigin + login.returnTo)
    if (isExpiredAtProvider(answer)) return await startAgain(context, request, login, maxRetries)
    return await complete(context, request, answer, login)
  })
}

/** The user who follows the link of an error page needs the same level of login. */
function toStepUpAgain({ parameters }: Partial<ReturnedLogin> = {}): LoginParameters {
  const { acr_values, max_age } = parameters ?? {}
  return {
    ...(acr_values === undefined ? {} : { acr_values }),
    ...(max_age === undefined ? {} : { max_age }),
  }
}

async function complete(
  context: SessionContext,
  request: RoutedRequest,
  answer: URLSearchParams,
  login: ReturnedLogin,
): Promise<Response> {
  const { config, cookies, provider } = context
  const back = config.publicOrigin + withActionStatus(login, answer)
  try {
    const grant = await provider.exchange(answer, login.checks as NonNullable<ReturnedLogin['checks']>)
    const stepUp = stepUpOf(login.parameters)
    const value = await createSession(context, request, grant, stepUp)
    // A step-up cannot be a loop: see `step-up.ts`.
    const counted = stepUp === undefined ? [countLogin(context, request)] : []
    const user = await toUserCookies(context, value, grant.subject ?? '')
    return redirect(back, [cookies.writeSession(value), ...user, ...counted])
  } catch (error) {
    if (!(error instanceof CloakwrightError) || error.code !== 'CW_LOGIN_REFUSED') throw error
    // No failure: the page asked whether somebody is signed in, or offered the user an action.
    if (isAnswer(login, answer)) return redirect(back)
    throw (await isStepUp(context, request, login.parameters)) ? stepUpRefused(error) : error
  }
}

/** A response to no login of this browser, or to one that has expired: an old tab, a bookmark, the back button. */
async function answerLost(
  context: SessionContext,
  request: RoutedRequest,
  state: string | null,
  login: ReturnedLogin | undefined,
): Promise<Response> {
  if (await isSignedIn(context, request))
    return redirect(context.config.publicOrigin + (login?.returnTo ?? '/'))
  const { returnTo = '/', parameters = {} } = login ?? {}
  // Without a state, only the cookie can count; a state that was never ours is no reason to begin a login.
  const retries = state === null ? latestLogins(context, request) : (retriesOf(state) ?? 1)
  const response = await startAgain(context, request, { returnTo, parameters, retries }, 1)
  return state === null ? withCookies(response, [countLogin(context, request)]) : response
}

async function startAgain(
  context: SessionContext,
  request: RoutedRequest,
  { returnTo, parameters, retries }: Pick<ReturnedLogin, 'returnTo' | 'parameters' | 'retries'>,
  limit: number,
): Promise<Response> {
  if (retries < limit)
    return await startLogin(context, request, { returnTo, parameters, retries: retries + 1 })
  throw new CloakwrightError(
    'CW_LOGIN_STATE',
    'The callback’s state matches no login of this browser, or it has expired',
    {
      hint: 'Sign in again. If it happens every time: replicas must share their keys, and the browser must accept cookies.',
    },
  )
}

async function createSession(
  context: SessionContext,
  request: RoutedRequest,
  grant: Grant,
  stepUp: string | undefined,
): Promise<string> {
  const { config, hooks, keyring, store, watchers } = context
  const { subject, sid } = grant
  if (subject === undefined)
    throw new CloakwrightError('CW_LOGIN_RESPONSE', 'The login returned no ID token with a subject')
  const { issuer, clientId } = config
  // A new id at each login, whatever cookie the browser sent (session fixation).
  const value = randomToken()
  const identity = { key: sha256(value), issuer, clientId, subject, sid }
  const replacedKey = context.keyOf(request)
  const replaced = replacedKey === undefined ? undefined : await readLive(context, replacedKey)
  const data = await dataOf(context, request, grant, identity, replaced)
  const createdAt = config.now()
  const absoluteExpiresAt = createdAt + config.absoluteTimeout
  const record: SessionRecord = {
    ...identity,
    tokens: (await sealTokens(context, grant, identity, 1, countStepUp(context, stepUp, replaced))).sealed,
    device: await sealDevice(keyring, deviceOf(config, request), identity),
    data,
    createdAt,
    lastSeenAt: createdAt,
    expiresAt: endOf(config, createdAt, absoluteExpiresAt, grant.refreshExpiresAt),
    absoluteExpiresAt,
  }
  await store.create(record, replacedKey)
  if (replacedKey !== undefined) watchers.tell({ key: replacedKey })
  if (replaced !== undefined && replaced.record.subject !== subject)
    await hooks.logout(replaced.record, 'replaced')
  return value
}

/** The data of the new session, from the service. A login that the service refuses leaves nothing behind at the realm. */
async function dataOf(
  context: SessionContext,
  request: RoutedRequest,
  { accessToken, idToken, refreshToken }: Grant,
  identity: SessionIdentity,
  replaced: LiveSession | undefined,
): Promise<SealedData | undefined> {
  const { subject, sid } = identity
  // Nothing of another user's.
  const continued = replaced?.record.subject === subject ? replaced : undefined
  try {
    const data = await context.hooks.login({
      subject,
      sid,
      claims: decodeJwt(idToken ?? ''),
      accessToken,
      data: continued?.data,
      requestId: request.id(),
    })
    return data === undefined ? undefined : (await sealData(context.keyring, identity, 1, data)).sealed
  } catch (error) {
    // The session of before continues, perhaps with the same session of the realm.
    if (continued === undefined || continued.record.sid !== sid)
      await atMost(patience, revokeRefresh(context, refreshToken))
    throw error
  }
}

/** Keycloak's response when its login page was left open for too long: the user did nothing wrong, so login starts again. */
function isExpiredAtProvider(answer: URLSearchParams): boolean {
  return (
    answer.get('error') === 'temporarily_unavailable' &&
    answer.get('error_description') === 'authentication_expired'
  )
}

/** Responses to `prompt=none` that say that nobody is signed in, or that a page of the realm is needed (OpenID Connect Core §3.1.2.6). */
const silent = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']

function isAnswer({ parameters }: ReturnedLogin, answer: URLSearchParams): boolean {
  if (parameters.prompt === 'none') return silent.includes(answer.get('error') ?? '')
  return actionStatus(parameters, answer) !== undefined
}

/** The page to return to, with Keycloak's `kc_action_status` if the login asked for an action. */
function withActionStatus({ parameters, returnTo }: ReturnedLogin, answer: URLSearchParams): string {
  const status = actionStatus(parameters, answer)
  if (status === undefined) return returnTo
  const [page = '/', hash] = returnTo.split('#')
  return `${page}${page.includes('?') ? '&' : '?'}kc_action_status=${status}${hash === undefined ? '' : `#${hash}`}`
}

function actionStatus(
  { kc_action }: ReturnedLogin['parameters'],
  answer: URLSearchParams,
): string | undefined {
  const status = answer.get('kc_action_status') ?? ''
  return kc_action !== undefined && /^(?:success|cancelled|error)$/.test(status) ? status : undefined
}
