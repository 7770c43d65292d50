import type { FastifyReply } from 'fastify'
import { generateURI } from 'otplib'
import type { RealmContext } from '../context.ts'
import { passwordCredential } from '../crypto/passwords.ts'
import type { User } from '../model.ts'
import type { Form } from '../oidc/form.ts'
import type { Html } from '../pages/html.ts'
import { sendErrorPage, sendPage } from '../pages/layout.ts'
import { configureTotpForm, updatePasswordForm, updateProfileForm } from '../pages/required-actions.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { base32, newOtpSecret, otpCredential } from './otp.ts'
import { missingProfileFields, withoutAction } from './required-actions.ts'
import type { LoginTab } from './state.ts'

/** Shows the form of a required action. */
export function showAction(
  context: RealmContext,
  reply: FastifyReply,
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  action: string,
  error: string | undefined,
): FastifyReply {
  const isFirst = error === undefined
  const page = (title: string, body: Html): FastifyReply => sendPage(reply, realm.info, { title, body })
  switch (tab.step) {
    case 'UPDATE_PASSWORD': {
      const isMismatch = error === mismatch
      return page(
        'Update password',
        updatePasswordForm({
          action,
          isFirst,
          newError: isMismatch ? undefined : error,
          confirmError: isMismatch ? error : undefined,
        }),
      )
    }
    case 'CONFIGURE_TOTP': {
      const secret = (tab.notes.totpSecret ??= newOtpSecret())
      const encodedSecret = base32(secret)
      const uri = generateURI({ issuer: realm.info.realm, label: user.username, secret: encodedSecret })
      return page(
        'Mobile Authenticator Setup',
        configureTotpForm({ action, isFirst, secret, encodedSecret, uri, error }),
      )
    }
    case 'VERIFY_PROFILE':
    case 'UPDATE_PROFILE':
      return page(
        'Update Account Information',
        updateProfileForm({ action, fields: profileFields(realm, user) }),
      )
    default:
      return sendErrorPage(
        reply,
        realm.info,
        400,
        `Required action ${tab.step} is not available in a development realm`,
      )
  }
}

/** Does a required action with what the form says. Returns what is wrong with it, or nothing when the action is done. */
export async function doAction(
  context: RealmContext,
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  form: Form,
): Promise<string | undefined> {
  switch (tab.step) {
    case 'UPDATE_PASSWORD':
      return updatePassword(realm, tab, user, form)
    case 'CONFIGURE_TOTP':
      return configureTotp(context, realm, tab, user, form)
    case 'VERIFY_PROFILE':
    case 'UPDATE_PROFILE':
      return updateProfile(realm, tab, user, form)
    default:
      return 'Invalid request'
  }
}

const mismatch = "Passwords don't match."
const missing = 'Please specify this field.'

async function updatePassword(
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  form: Form,
): Promise<string | undefined> {
  const password = form.get('password-new') ?? ''
  if (password === '') return 'Please specify password.'
  if (password !== form.get('password-confirm')) return mismatch
  const credential = await passwordCredential(password)
  const others = user.credentials.filter((each) => each.type !== 'password')
  realm.users.put({ ...withoutAction(user, tab.step), credentials: [credential, ...others] })
  logoutOthers(realm, tab, user, form)
  return undefined
}

async function configureTotp(
  context: RealmContext,
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  form: Form,
): Promise<string | undefined> {
  const code = form.get('totp') ?? ''
  if (code === '') return 'Please specify authenticator code.'
  const secret = tab.notes.totpSecret
  const credential =
    secret === undefined
      ? undefined
      : otpCredential(context, realm, secret, code, form.get('userLabel') ?? '')
  if (credential === undefined) return 'Invalid authenticator code.'
  realm.users.put({ ...withoutAction(user, tab.step), credentials: [...user.credentials, credential] })
  logoutOthers(realm, tab, user, form)
  return undefined
}

function updateProfile(
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  form: Form,
): string | undefined {
  const value = (name: string): string => form.get(name)?.trim() ?? user[name as 'email'] ?? ''
  const email = value('email').toLowerCase()
  const changed = {
    ...withoutAction(user, tab.step),
    email,
    firstName: value('firstName'),
    lastName: value('lastName'),
  }
  if (missingProfileFields(realm, changed).length > 0) return missing
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) return 'Invalid email address.'
  const owner = realm.userByEmail.get(email)
  if (owner !== undefined && owner.id !== user.id && !realm.info.duplicateEmailsAllowed)
    return 'Email already exists.'
  realm.users.put({ ...changed, emailVerified: user.emailVerified && email === user.email })
  return undefined
}

function profileFields(
  realm: RealmStore,
  user: Readonly<User>,
): { name: string; label: string; value: string | undefined; error: string | undefined }[] {
  const empty = missingProfileFields(realm, user)
  const labels = { email: 'Email', firstName: 'First name', lastName: 'Last name' } as const
  return (['email', 'firstName', 'lastName'] as const).map((name) => ({
    name,
    label: labels[name],
    value: user[name],
    error: empty.includes(name) ? missing : undefined,
  }))
}

function logoutOthers(realm: RealmStore, tab: LoginTab, user: Readonly<User>, form: Form): void {
  if (form.get('logout-sessions') !== 'on') return
  for (const session of realm.sessionsOfUser.all(user.id)) {
    if (session.id !== tab.notes.sessionId) realm.sessions.delete(session.id)
  }
}
