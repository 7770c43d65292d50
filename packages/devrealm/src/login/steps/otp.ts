import { isLockedOut, recordFailure, takeOtp } from '../../authentication/index.ts'
import type { User } from '../../model/index.ts'
import { otpForm } from '../../pages/index.ts'
import { type LoginContext, sendLoginError, sendLoginPage } from '../login-context.ts'
import { expiredMessage, type LoginStep, userOf } from './step.ts'

/** The one-time code, after the password. */
export const otpStep: LoginStep = {
  show: (login, { tab, user, action, restart, message }) => {
    if (user === undefined) return sendLoginError(login, expiredMessage)
    const body = otpForm({
      action,
      restart,
      username: tab.notes.username ?? user.username,
      credentialId: user.credentials.find((credential) => credential.type === 'otp')?.id ?? '',
      error: message.error,
    })
    return sendLoginPage(login, { title: 'Sign In', body })
  },
  submit: (login, tab, form) => {
    const user = userOf(login, tab)
    if (user === undefined || !user.enabled) return { result: 'failed', reason: expiredMessage }
    const isRight =
      !isLockedOut(login.context, login.realm, user) && checkOtp(login, user, form.get('otp') ?? '')
    return isRight
      ? { result: 'done', user }
      : { result: 'show', message: { error: 'Invalid authenticator code.' } }
  },
}

function checkOtp({ context, realm, request }: LoginContext, user: Readonly<User>, code: string): boolean {
  if (takeOtp(context, realm, user, code)) {
    context.failures.clear(user.id)
    return true
  }
  recordFailure(context, realm, user, request.ip)
  return false
}
