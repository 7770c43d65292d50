import { withoutAction } from '../../authentication/index.ts'
import { passwordCredential } from '../../crypto/index.ts'
import { updatePasswordForm } from '../../pages/index.ts'
import { logoutOthers } from './logout-others.ts'
import type { RequiredActionStep } from './required-action.ts'

export const updatePassword: RequiredActionStep = {
  title: 'Update password',
  page: (_login, { action, wrong }) =>
    updatePasswordForm({
      action,
      isFirst: wrong === undefined,
      newError: wrong?.errors['password-new'],
      confirmError: wrong?.errors['password-confirm'],
    }),
  submit: async (login, tab, user, form) => {
    const password = form.get('password-new') ?? ''
    if (password === '') return { errors: { 'password-new': 'Please specify password.' } }
    if (password !== form.get('password-confirm'))
      return { errors: { 'password-confirm': "Passwords don't match." } }
    const credential = await passwordCredential(password, login.realm.now())
    const others = user.credentials.filter((each) => each.type !== 'password')
    login.realm.users.put({ ...withoutAction(user, tab.step), credentials: [credential, ...others] })
    logoutOthers(login, tab, user, form)
    return undefined
  },
}
