import { verifyEmailAlias } from '../../authentication/index.ts'
import type { User } from '../../model/index.ts'
import { sendLoginError, sendLoginPage } from '../login-context.ts'
import { requiredActionStep } from '../required-actions/index.ts'
import { expiredMessage, type LoginStep, userOf } from './step.ts'

/** A pending required action: the step's name is its alias. */
export const actionStep: LoginStep = {
  show: (login, { tab, user, action, message: { wrong } }) => {
    if (user === undefined) return sendLoginError(login, expiredMessage)
    if (tab.step === verifyEmailAlias) {
      // Keycloak's answer where it cannot send mail: the embedded realm has no mail.
      return sendLoginError(login, 'Failed to send email, please try again later.', 500)
    }
    const step = requiredActionStep(tab.step)
    if (step === undefined) {
      return sendLoginError(login, `The embedded realm does not support the required action ${tab.step}`)
    }
    const { title } = step
    return sendLoginPage(login, { title, body: step.page(login, { tab, user, action, wrong }) })
  },
  submit: async (login, tab, form) => {
    const user = userOf(login, tab)
    if (user === undefined || !user.enabled) return { result: 'failed', reason: expiredMessage }
    const step = requiredActionStep(tab.step)
    const wrong = step === undefined ? { errors: {} } : await step.submit(login, tab, user, form)
    if (wrong !== undefined) return { result: 'show', message: { wrong } }
    return { result: 'done', user: login.realm.users.get(user.id) as Readonly<User> }
  },
}
