import { configureTotpAlias, isActionEnabled, verifyUser } from '../../authentication/index.ts'
import type { LoginTab } from '../../context/index.ts'
import { loginForm } from '../../pages/index.ts'
import { sendLoginPage } from '../login-context.ts'
import { secondFactorOf } from './second-factor.ts'
import { type LoginStep, userOf } from './step.ts'

/** User name and password; only the password for re-authentication. */
export const passwordStep: LoginStep = {
  show: (login, { tab, user, action, restart, message }) => {
    const body = loginForm({
      action,
      restart,
      username: message.username ?? tab.request.loginHint,
      knownUser: tab.isReauthentication ? user?.username : undefined,
      error: message.error,
      alert: message.alert ?? takeAlert(tab),
    })
    return sendLoginPage(login, { title: 'Sign in to your account', body })
  },
  submit: async (login, tab, form) => {
    const { context, request, realm } = login
    const known = tab.isReauthentication ? userOf(login, tab) : undefined
    const username = known?.username ?? form.get('username') ?? ''
    const outcome = await verifyUser(context, realm, {
      username,
      password: form.get('password') ?? '',
      ipAddress: request.ip,
    })
    if (outcome.result === 'refused') {
      const error = known === undefined ? 'Invalid username or password.' : 'Invalid password.'
      return { result: 'show', message: { error, username } }
    }
    if (outcome.result === 'disabled') {
      const alert = 'Account is disabled, contact your administrator.'
      return { result: 'show', message: { alert, username } }
    }
    const { user } = outcome
    tab.userId = user.id
    tab.notes.proven = 'true'
    const secondFactor = secondFactorOf(realm, user)
    if (secondFactor === 'code') {
      tab.step = 'otp'
      tab.notes.username = username
      return { result: 'show' }
    }
    context.failures.clear(user.id)
    if (secondFactor === 'set-up') {
      if (!isActionEnabled(realm, configureTotpAlias)) {
        return { result: 'failed', reason: 'Cannot login, credential setup required.' }
      }
      tab.notes.setUpOtp = 'true'
    }
    return { result: 'done', user }
  },
}

/** A message from the previous request, shown once. */
function takeAlert(tab: LoginTab): string | undefined {
  const { alert } = tab.notes
  delete tab.notes.alert
  return alert
}
