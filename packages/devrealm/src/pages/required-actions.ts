import { type Html, html } from './html.ts'
import { alert, field } from './layout.ts'
import { qrCode } from './qr-code.ts'

/** The form for a new password. */
export function updatePasswordForm(page: {
  action: string
  isFirst: boolean
  newError?: string | undefined
  confirmError?: string | undefined
}): Html {
  return html`${page.isFirst ? alert('You need to change your password to activate your account.') : undefined}
<form id="kc-passwd-update-form" action="${page.action}" method="post" novalidate="novalidate">
${field({ id: 'password-new', label: 'New Password', type: 'password', autocomplete: 'new-password', autofocus: true, error: page.newError })}
${field({ id: 'password-confirm', label: 'Confirm password', type: 'password', autocomplete: 'new-password', error: page.confirmError })}
${logoutSessions}
<button name="login" id="kc-submit" type="submit">Submit</button>
</form>`
}

/** The form that sets up a one-time-code generator: with a QR code, or with `manual` a key to type. */
export function configureTotpForm(page: {
  action: string
  isFirst: boolean
  secret: string
  encodedSecret: string
  uri: string
  manual: boolean
  /** The URL of the same page in the other mode. */
  other: string
  error?: string | undefined
}): Html {
  return html`${page.isFirst ? alert('You need to set up Mobile Authenticator to activate your account.') : alert(page.error)}
<ol id="kc-totp-settings">
<li><p>Install an authenticator application on your mobile, for example FreeOTP.</p></li>
<li>${page.manual ? manualKey(page.encodedSecret, page.other) : barcode(page.uri, page.other)}</li>
<li><p>Enter the one-time code provided by the application and click Submit to finish the setup.</p></li>
</ol>
<form action="${page.action}" id="kc-totp-settings-form" method="post" novalidate="novalidate">
${field({ id: 'totp', label: 'One-time code', autocomplete: 'one-time-code', autofocus: true, numeric: true, error: page.error })}
<input type="hidden" id="totpSecret" name="totpSecret" value="${page.secret}" />
${field({ id: 'userLabel', label: 'Device Name' })}
${logoutSessions}
<input type="submit" id="saveTOTPBtn" value="Submit" />
</form>`
}

function barcode(uri: string, other: string): Html {
  return html`<p>Open the application and scan the barcode:</p>
<img id="kc-totp-secret-qr-code" src="${qrCode(uri)}" alt="Figure: Barcode"><br/>
<p><a href="${other}" id="mode-manual">Unable to scan?</a></p>`
}

function manualKey(encodedSecret: string, other: string): Html {
  return html`<p>Open the application and enter the key:</p>
<p><span id="kc-totp-secret-key">${encodedSecret.match(/.{1,4}/g)?.join(' ')}</span></p>
<p><a href="${other}" id="mode-barcode">Scan barcode?</a></p>`
}

/** The form for required user profile fields. */
export function updateProfileForm(page: {
  action: string
  fields: readonly { name: string; label: string; value: string | undefined; error: string | undefined }[]
}): Html {
  return html`<form id="kc-update-profile-form" action="${page.action}" method="post">
${page.fields.map(({ name, label, value, error }) => field({ id: name, label: `${label} *`, value, error }))}
<input type="submit" value="Submit" />
</form>`
}

const logoutSessions = html`<div class="field"><label for="logout-sessions"><input type="checkbox" id="logout-sessions" name="logout-sessions" /> Sign out from other devices</label></div>`
