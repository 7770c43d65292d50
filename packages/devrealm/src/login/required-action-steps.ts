import type { FastifyReply } from 'fastify'
import { generateURI } from 'otplib'
import { base32, newOtpSecret, otpCredential } from '../authentication/otp.ts'
import { missingProfileFields, withoutAction } from '../authentication/pending-actions.ts'
import type { LoginTab } from '../context/login-state.ts'
import type { RealmContext } from '../context/realm-context.ts'
import { passwordCredential } from '../crypto/passwords.ts'
import type { User } from '../model/index.ts'
import type { Form } from '../oidc/form.ts'
import type { Html } from '../pages/html.ts'
import { sendErrorPage, sendPage } from '../pages/layout.ts'
import { configureTotpForm, updatePasswordForm, updateProfileForm } from '../pages/required-actions.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { isEditable } from '../user-profile/index.ts'

/** What is wrong with a form, by the names of its fields, and what was filled in. */
export interface ActionErrors {
  readonly errors: Readonly<Record<string, string>>
  readonly values?: Readonly<Record<string, string>>
}

/** Shows the form of a required action. */
export function showAction(
  reply: FastifyReply,
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  page: { action: string; other: string; manual: boolean; wrong: ActionErrors | undefined },
): FastifyReply {
  const { action, wrong } = page
  const { errors = {} } = wrong ?? {}
  const isFirst = wrong === undefined
  const send = (title: string, body: Html): FastifyReply => sendPage(reply, realm.info, { title, body })
  switch (tab.step) {
    case 'UPDATE_PASSWORD':
      return send(
        'Update password',
        updatePasswordForm({
          action,
          isFirst,
          newError: errors['password-new'],
          confirmError: errors['password-confirm'],
        }),
      )
    case 'CONFIGURE_TOTP': {
      const secret = (tab.notes.totpSecret ??= newOtpSecret())
      const encodedSecret = base32(secret)
      const uri = generateURI({ issuer: realm.info.realm, label: user.username, secret: encodedSecret })
      const form = { ...page, isFirst, secret, encodedSecret, uri, error: errors.totp }
      return send('Mobile Authenticator Setup', configureTotpForm(form))
    }
    case 'VERIFY_PROFILE':
    case 'UPDATE_PROFILE':
      return send(
        'Update Account Information',
        updateProfileForm({ action, fields: profileFields(realm, user, wrong) }),
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
): Promise<ActionErrors | undefined> {
  switch (tab.step) {
    case 'UPDATE_PASSWORD':
      return updatePassword(realm, tab, user, form)
    case 'CONFIGURE_TOTP':
      return configureTotp(context, realm, tab, user, form)
    case 'VERIFY_PROFILE':
    case 'UPDATE_PROFILE':
      return updateProfile(realm, tab, user, form)
    default:
      return { errors: {} }
  }
}

const missing = 'Please specify this field.'
const profileLabels = { email: 'Email', firstName: 'First name', lastName: 'Last name' } as const
const profileNames = ['email', 'firstName', 'lastName'] as const

async function updatePassword(
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  form: Form,
): Promise<ActionErrors | undefined> {
  const password = form.get('password-new') ?? ''
  if (password === '') return { errors: { 'password-new': 'Please specify password.' } }
  if (password !== form.get('password-confirm'))
    return { errors: { 'password-confirm': "Passwords don't match." } }
  const credential = await passwordCredential(password, realm.now())
  const others = user.credentials.filter((each) => each.type !== 'password')
  realm.users.put({ ...withoutAction(user, tab.step), credentials: [credential, ...others] })
  logoutOthers(realm, tab, user, form)
  return undefined
}

function configureTotp(
  context: RealmContext,
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  form: Form,
): ActionErrors | undefined {
  const code = form.get('totp') ?? ''
  if (code === '') return { errors: { totp: 'Please specify authenticator code.' } }
  const secret = tab.notes.totpSecret
  const credential =
    secret === undefined
      ? undefined
      : otpCredential(context, realm, secret, code, form.get('userLabel') ?? '')
  if (credential === undefined) return { errors: { totp: 'Invalid authenticator code.' } }
  realm.users.put({ ...withoutAction(user, tab.step), credentials: [...user.credentials, credential] })
  logoutOthers(realm, tab, user, form)
  return undefined
}

function updateProfile(
  realm: RealmStore,
  tab: LoginTab,
  user: Readonly<User>,
  form: Form,
): ActionErrors | undefined {
  const values = Object.fromEntries(
    profileNames.map((name) => [name, form.get(name)?.trim() ?? user[name] ?? '']),
  )
  const { email = '', firstName = '', lastName = '' } = values
  const changed = { ...withoutAction(user, tab.step), email: email.toLowerCase(), firstName, lastName }
  const isKept = (name: (typeof profileNames)[number]): boolean => changed[name] === (user[name] ?? '')
  const readOnly = profileNames.filter((name) => !isKept(name) && !isEditable(realm, name, 'user'))
  const errors: Record<string, string> = Object.fromEntries([
    ...missingProfileFields(realm, changed).map((name) => [name, missing]),
    ...readOnly.map((name) => [name, 'This field is read only.']),
  ])
  const owner = realm.userByEmail.get(changed.email)
  if (email !== '' && !/^[^\s@]+@[^\s@]+$/.test(email)) errors.email = 'Invalid email address.'
  else if (owner !== undefined && owner.id !== user.id && !realm.info.duplicateEmailsAllowed) {
    errors.email = 'Email already exists.'
  }
  if (Object.keys(errors).length > 0) return { errors, values }
  realm.users.put({ ...changed, emailVerified: user.emailVerified && changed.email === user.email })
  return undefined
}

/** Before anything is filled in, the form shows what is missing. */
function profileFields(
  realm: RealmStore,
  user: Readonly<User>,
  wrong: ActionErrors | undefined,
): { name: string; label: string; value: string | undefined; error: string | undefined }[] {
  const empty = missingProfileFields(realm, user)
  return profileNames.map((name) => ({
    name,
    label: profileLabels[name],
    value: wrong?.values?.[name] ?? user[name],
    error: wrong === undefined ? (empty.includes(name) ? missing : undefined) : wrong.errors[name],
  }))
}

function logoutOthers(realm: RealmStore, tab: LoginTab, user: Readonly<User>, form: Form): void {
  if (form.get('logout-sessions') !== 'on') return
  for (const session of realm.sessionsOfUser.all(user.id)) {
    if (session.id !== tab.notes.sessionId) realm.sessions.delete(session.id)
  }
}
