import type { FastifyReply, FastifyRequest } from 'fastify'
import { type LoginTab, token } from '../context/login-state.ts'
import type { RealmContext } from '../context/realm-context.ts'
import type { User } from '../model/index.ts'
import { queryOf } from '../oidc/form.ts'
import { sendErrorPage, sendPage } from '../pages/layout.ts'
import { loginForm, otpForm } from '../pages/login.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { type ActionErrors, showAction } from './required-action-steps.ts'
import { actionUrl } from './urls.ts'

/** What a step's page says beside its form. */
export interface StepMessage {
  readonly error?: string
  readonly alert?: string
  readonly username?: string | undefined
  readonly wrong?: ActionErrors
}

/** Shows the page of the tab's step. Its form carries a new session code: pages shown before are stale. */
export function showStep(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
  tab: LoginTab,
  message: StepMessage = {},
): FastifyReply {
  tab.sessionCode = token(32)
  const user = tab.userId === undefined ? undefined : realm.users.get(tab.userId)
  const action = actionUrl(context, request, realm, tab, { code: true })
  const restart = actionUrl(context, request, realm, tab, { path: 'restart' })
  if (tab.step === 'password') {
    const body = loginForm({
      action,
      restart,
      username: message.username ?? tab.request.loginHint,
      knownUser: tab.isReauthentication ? user?.username : undefined,
      error: message.error,
      alert: message.alert ?? takeAlert(tab),
    })
    return sendPage(reply, realm.info, { title: 'Sign in to your account', body })
  }
  if (user === undefined) return sendErrorPage(reply, realm.info, 400, expiredMessage)
  if (tab.step === 'otp') {
    const body = otpForm({
      action,
      restart,
      username: tab.notes.username ?? user.username,
      credentialId: otpCredentialId(user),
      error: message.error,
    })
    return sendPage(reply, realm.info, { title: 'Sign In', body })
  }
  const manual = queryOf(request).get('mode') === 'manual'
  const here = actionUrl(context, request, realm, tab)
  const other = manual ? here : `${here}&mode=manual`
  return showAction(reply, realm, tab, user, { action, other, manual, wrong: message.wrong })
}

/** A message from the request before, shown once. */
function takeAlert(tab: LoginTab): string | undefined {
  const { alert } = tab.notes
  delete tab.notes.alert
  return alert
}

export const expiredMessage = 'An error occurred, please login again through your application.'

function otpCredentialId(user: Readonly<User>): string {
  return user.credentials.find((credential) => credential.type === 'otp')?.id ?? ''
}
