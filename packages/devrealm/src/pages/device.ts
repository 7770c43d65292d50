import { type Html, html } from './html.ts'
import { alert, field } from './layout.ts'

/** The form for the code that a device shows. */
export function userCodeForm(action: string, message: string | undefined): Html {
  return html`${alert(message)}<form id="kc-user-verify-device-user-code-form" action="${action}" method="post">
${field({ id: 'device_user_code', label: 'Enter the code provided by your device and click Submit', autofocus: true })}
<input id="kc-login" type="submit" value="Submit"/>
</form>`
}

/** Asks the user to grant a client these scopes, given as Keycloak's message keys or as text. */
export function consentForm(action: string, code: string, scopes: readonly string[]): Html {
  return html`<div id="kc-oauth" class="content-area">
<h3>Do you grant these access privileges?</h3>
<ul>${scopes.map((text) => html`<li><span>${messages.get(text) ?? text}</span></li>`)}</ul>
<form action="${action}" method="POST">
<input type="hidden" name="code" value="${code}">
<button name="accept" id="kc-login" type="submit">Yes</button>
<button name="cancel" id="kc-cancel" type="submit">No</button>
</form>
</div>`
}

/** The end of a login for a device. */
export function deviceStatusPage(
  restart: string,
  failure: string | undefined,
): { title: string; body: Html } {
  if (failure === undefined) {
    const body = html`<div id="kc-info-message"><p class="instruction">You may close this browser window and go back to your device.</p></div>`
    return { title: 'Device Login Successful', body }
  }
  const body = html`<div id="kc-info-message"><p class="instruction">${failure}</p>
<p><a href="${restart}">» Click here to proceed</a></p></div>`
  return { title: 'Device Login Failed', body }
}

const messages: ReadonlyMap<string, string> = new Map([
  ['${profileScopeConsentText}', 'User profile'],
  ['${emailScopeConsentText}', 'Email address'],
  ['${rolesScopeConsentText}', 'User roles'],
  ['${addressScopeConsentText}', 'Address'],
  ['${phoneScopeConsentText}', 'Phone number'],
  ['${offlineAccessScopeConsentText}', 'Offline Access'],
  ['${organizationScopeConsentText}', 'Organization'],
])
