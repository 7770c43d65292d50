import { generateURI } from 'otplib'
import { base32, newOtpSecret, otpCredential, withoutAction } from '../../authentication/index.ts'
import { queryOf } from '../../oidc/index.ts'
import { configureTotpForm } from '../../pages/index.ts'
import { actionUrl } from '../urls.ts'
import { logoutOthers } from './logout-others.ts'
import type { RequiredActionStep } from './required-action.ts'

export const configureTotp: RequiredActionStep = {
  title: 'Mobile Authenticator Setup',
  page: (login, { tab, user, action, wrong }) => {
    const secret = (tab.notes.totpSecret ??= newOtpSecret())
    const encodedSecret = base32(secret)
    const issuer = login.realm.info.realm
    const manual = queryOf(login.request).get('mode') === 'manual'
    const here = actionUrl(login, tab)
    return configureTotpForm({
      action,
      isFirst: wrong === undefined,
      secret,
      encodedSecret,
      uri: generateURI({ issuer, label: user.username, secret: encodedSecret }),
      manual,
      other: manual ? here : `${here}&mode=manual`,
      error: wrong?.errors.totp,
    })
  },
  submit: (login, tab, user, form) => {
    const { context, realm } = login
    const code = form.get('totp') ?? ''
    if (code === '') return { errors: { totp: 'Please specify authenticator code.' } }
    const secret = tab.notes.totpSecret
    const credential =
      secret === undefined
        ? undefined
        : otpCredential(context, realm, secret, code, form.get('userLabel') ?? '')
    if (credential === undefined) return { errors: { totp: 'Invalid authenticator code.' } }
    realm.users.put({ ...withoutAction(user, tab.step), credentials: [...user.credentials, credential] })
    logoutOthers(login, tab, user, form)
    return undefined
  },
}
