import { missingProfileFields, withoutAction } from '../../authentication/index.ts'
import type { User } from '../../model/index.ts'
import { updateProfileForm } from '../../pages/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { isEditable } from '../../user-profile/index.ts'
import type { ActionErrors, RequiredActionStep } from './required-action.ts'

export const updateProfile: RequiredActionStep = {
  title: 'Update Account Information',
  page: ({ realm }, { user, action, wrong }) =>
    updateProfileForm({ action, fields: profileFields(realm, user, wrong) }),
  submit: ({ realm }, tab, user, form) => {
    const values = Object.fromEntries(
      profileNames.map((name) => [name, form.get(name)?.trim() ?? user[name] ?? '']),
    )
    const { email = '', firstName = '', lastName = '' } = values
    const changed = { ...withoutAction(user, tab.step), email: email.toLowerCase(), firstName, lastName }
    const errors = profileErrors(realm, user, changed, email)
    if (Object.keys(errors).length > 0) return { errors, values }
    realm.users.put({ ...changed, emailVerified: user.emailVerified && changed.email === user.email })
    return undefined
  },
}

const missing = 'Please specify this field.'
const profileLabels = { email: 'Email', firstName: 'First name', lastName: 'Last name' } as const
const profileNames = ['email', 'firstName', 'lastName'] as const

/** @param email as the user entered it */
function profileErrors(
  realm: RealmStore,
  user: Readonly<User>,
  changed: User & Record<(typeof profileNames)[number], string>,
  email: string,
): Record<string, string> {
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
  return errors
}

/** Before the first submit, the form shows the missing fields. */
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
