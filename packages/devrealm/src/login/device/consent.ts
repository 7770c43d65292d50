import type { LoginSession, LoginTab } from '../../context/index.ts'
import { addConsent, consentItems, formOf, restoreScope } from '../../oidc/index.ts'
import { completeLogin } from '../complete-login.ts'
import { readIdentity } from '../cookies.ts'
import { type LoginContext, loginIssuer, redirect, sendLoginError } from '../login-context.ts'
import { expiredMessage, userOf } from '../steps/index.ts'
import { actionUrl } from '../urls.ts'

/** POST `login-actions/consent`: the user grants a device access, or denies it. */
export async function takeConsent(
  login: LoginContext,
  loginSession: LoginSession,
  tab: LoginTab,
): Promise<unknown> {
  const { context, realm } = login
  const form = formOf(login.request)
  const user = userOf(login, tab)
  const { device } = tab.request
  if (tab.step !== 'consent' || device === undefined || form.get('code') !== tab.sessionCode)
    return redirect(login, actionUrl(login, tab))
  const client = realm.clientByName.get(tab.request.clientId)
  if (user === undefined || !user.enabled || client === undefined)
    return sendLoginError(login, expiredMessage)
  const end = (error: string): unknown =>
    redirect(login, `${loginIssuer(login)}/device/status?error=${error}`)
  const code = context.devices.find(realm, device, context.now())
  if (code === undefined || context.now() >= code.expiresAt || code.decision !== undefined)
    return end('expired_token')
  if (form.has('cancel')) {
    context.devices.decide(device, 'denied')
    context.logins.close(loginSession)
    return end('access_denied')
  }
  const own = await readIdentity(login)
  // A session that ended while the page was open proves nothing.
  if (own?.userId !== user.id && tab.notes.proven !== 'true') return sendLoginError(login, expiredMessage)
  const scope = restoreScope(realm, client, tab.request.scope ?? '')
  addConsent(realm, user, client, consentItems(realm, client, scope), context.now())
  return completeLogin(login, {
    loginSession,
    tab,
    user,
    ...(own?.userId === user.id ? { session: own } : {}),
    isProven: tab.notes.proven === 'true',
    isGranted: true,
  })
}
