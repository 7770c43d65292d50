import { consentItems, restoreScope } from '../../oidc/index.ts'
import { consentForm } from '../../pages/index.ts'
import { consentsToAsk } from '../consents-to-ask.ts'
import { sendLoginError, sendLoginPage } from '../login-context.ts'
import { actionUrl } from '../urls.ts'
import { expiredMessage, type LoginStep } from './step.ts'

/** The last step of a login for a device or a client that requires consent. Its form goes to another path. */
export const consentStep: LoginStep = {
  show: (login, { tab, user }) => {
    const { realm } = login
    const client = realm.clientByName.get(tab.request.clientId)
    if (client === undefined || user === undefined) return sendLoginError(login, expiredMessage)
    const items =
      tab.request.device === undefined
        ? consentsToAsk(realm, user, tab.request)
        : consentItems(realm, client, restoreScope(realm, client, tab.request.scope ?? ''))
    const texts = items.map(({ text }) => text)
    return sendLoginPage(login, {
      title: `Grant Access to ${client.name || client.clientId}`,
      body: consentForm(actionUrl(login, tab, { path: 'consent' }), tab.sessionCode, texts),
    })
  },
  submit: () => ({ result: 'show' }),
}
