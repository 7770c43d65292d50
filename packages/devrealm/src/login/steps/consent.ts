import { restoreScope } from '../../oidc/index.ts'
import { consentForm } from '../../pages/index.ts'
import { sendLoginError, sendLoginPage } from '../login-context.ts'
import { actionUrl } from '../urls.ts'
import { expiredMessage, type LoginStep } from './step.ts'

/** The last step of a login for a device: the user decides if it gets access. Its form goes to another path. */
export const consentStep: LoginStep = {
  show: (login, { tab }) => {
    const client = login.realm.clientByName.get(tab.request.clientId)
    if (client === undefined) return sendLoginError(login, expiredMessage)
    const scopes = restoreScope(login.realm, client, tab.request.scope ?? '').clientScopes
    const texts = scopes
      .filter(({ attributes }) => attributes['display.on.consent.screen'] === 'true')
      .map(({ name, attributes }) => attributes['consent.screen.text'] || name)
    return sendLoginPage(login, {
      title: `Grant Access to ${client.name || client.clientId}`,
      body: consentForm(actionUrl(login, tab, { path: 'consent' }), tab.sessionCode, texts),
    })
  },
  submit: () => ({ result: 'show' }),
}
