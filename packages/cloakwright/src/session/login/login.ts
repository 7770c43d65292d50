import { type ChallengeParameters, CloakwrightError } from '../../errors.ts'
import { isNavigation } from '../../http/index.ts'
import { randomToken } from '../../sealing.ts'
import type { SessionContext } from '../context.ts'
import { readLoginParameters, toStepUp } from '../login-parameters.ts'
import { ledHere } from '../public-host.ts'
import { redirect } from '../redirect.ts'
import { orErrorPage, type RoutedRequest, routed } from '../request.ts'
import { longestReturnTo, toLoginUrl, toReturnTo } from '../return-to.ts'
import { isSignedIn } from '../signed-in.ts'
import type { LoginNeeds, SessionRequest } from '../types.ts'
import { latestLogins } from './login-count.ts'
import { type Login, sealLogin } from './login-state.ts'
import { saveForm } from './saved-forms.ts'
import { refuseRepeated } from './step-up.ts'

/** Seconds for which a browser can complete a login, in any of its tabs. */
const browserLifetime = 86_400

/** Handles `GET /auth/login`: returns to `returnTo` after the login. */
export async function answerLogin(context: SessionContext, request: RoutedRequest): Promise<Response> {
  const search = new URL(request.url).searchParams
  const returnTo = readReturnTo(context, request, search.get('returnTo'))
  return await orErrorPage(context, request, toLoginUrl(context.config, returnTo), async () => {
    const login = { returnTo, parameters: readLoginParameters(search), retries: 0 }
    const led = context.publicHost.lead(request, login)
    if (led !== undefined) return led
    // Pages of the service may lead here by themselves. Only a link of a user's own asks for a new sign-in.
    if (login.parameters.prompt === undefined) await refuseRepeated(context, request, login.parameters)
    // After a redirect from another host name, the user may be signed in on this one.
    if (search.has(ledHere) && (await isSignedIn(context, request)))
      return redirect(context.config.publicOrigin + returnTo, [], 302)
    return await startLogin(context, request, login)
  })
}

/** The redirect of a navigation that needs a session or a step-up of its session; `undefined` for any other request. */
export async function challenge(
  context: SessionContext,
  navigation: SessionRequest,
  { stepUp, form }: LoginNeeds,
): Promise<Response | undefined> {
  const request = routed(navigation)
  const page = isNavigation(request) ? pageOf(request) : await saveForm(context, request, form)
  if (page === undefined) return undefined
  const returnTo = readReturnTo(context, request, page)
  return stepUp === undefined
    ? await requireLogin(context, request, returnTo)
    : await requireStepUp(context, request, returnTo, stepUp)
}

/** Redirects to a login, unless the latest ones have led nowhere. */
export async function requireLogin(
  context: SessionContext,
  request: RoutedRequest,
  returnTo: string,
): Promise<Response> {
  const isLoop = latestLogins(context, request) > 1
  const back = isLoop ? toLoginUrl(context.config, returnTo) : returnTo
  return await orErrorPage(context, request, back, async () => {
    if (isLoop) throw loop()
    const login = { returnTo, parameters: {}, retries: 0 }
    return context.publicHost.lead(request, login) ?? (await startLogin(context, request, login))
  })
}

/** The browser has a live session, so it is on the public host. */
async function requireStepUp(
  context: SessionContext,
  request: RoutedRequest,
  returnTo: string,
  needed: ChallengeParameters,
): Promise<Response> {
  const parameters = toStepUp(needed)
  const again = toLoginUrl(context.config, returnTo, { ...parameters, prompt: 'login' })
  return await orErrorPage(context, request, again, async () => {
    await refuseRepeated(context, request, parameters)
    return await startLogin(context, request, { returnTo, parameters, retries: 0 })
  })
}

function pageOf({ url }: SessionRequest): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

/** Redirects the browser to the provider. */
export async function startLogin(
  context: SessionContext,
  request: SessionRequest,
  login: Login,
): Promise<Response> {
  const { cookies, provider } = context
  const secret = cookies.readBrowser(request) ?? randomToken()
  const checks = await sealLogin(context, login, secret)
  const location = await provider.loginUrl(checks, login.parameters)
  return redirect(location, [cookies.writeBrowser(secret, browserLifetime)], toStatus(request))
}

/** A form is not sent on to the provider. */
function toStatus({ method }: SessionRequest): 302 | 303 {
  return method === 'POST' ? 303 : 302
}

function readReturnTo(
  { config, report }: SessionContext,
  request: RoutedRequest,
  value: string | null,
): string {
  return toReturnTo(value, config, (length) => report(tooLong(length), request.id()))
}

function loop(): CloakwrightError {
  return new CloakwrightError(
    'CW_LOGIN_LOOP',
    'The browser signed in twice in a row, and still has no accepted session',
    {
      retryAfter: 5,
      hint: 'Replicas must share the session store and its keys, and their clocks must agree. A store in memory works for one process only.',
    },
  )
}

function tooLong(length: number): CloakwrightError {
  return new CloakwrightError(
    'CW_LOGIN_REQUEST',
    `The page to return to has ${length} characters: its query is left out`,
    {
      hint: `Keep encoded path and query below ${longestReturnTo} characters, or keep the rest in the browser.`,
    },
  )
}
