import { html, type Html } from './html.ts'
import { alert, field } from './layout.ts'

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

/** The form that sets up a one-time-code generator; the secret is on the page, for apps and for typing. */
export function configureTotpForm(page: {
  action: string
  isFirst: boolean
  secret: string
  encodedSecret: string
  uri: string
  error?: string | undefined
}): Html {
  return html`${page.isFirst ? alert('You need to set up Mobile Authenticator to activate your account.') : undefined}
<ol id="kc-totp-settings">
<li><p>Open an authenticator application (for example FreeOTP) and add an account with this key, or <a href="${page.uri}">open it on this device</a>:</p>
<p><code id="kc-totp-secret-key">${page.encodedSecret.match(/.{1,4}/g)?.join(' ')}</code></p></li>
<li><p>Enter the one-time code provided by the application and click Submit to finish the setup.</p></li>
</ol>
<form action="${page.action}" id="kc-totp-settings-form" method="post" novalidate="novalidate">
<div class="field">
<label for="totp">One-time code</label>
<input type="text" id="totp" name="totp" autocomplete="one-time-code" inputmode="numeric" autofocus aria-invalid="${page.error === undefined ? '' : 'true'}" />
${page.error === undefined ? undefined : html`<span id="input-error-otp-code" class="error kc-feedback-text" aria-live="polite">${page.error}</span>`}
<input type="hidden" id="totpSecret" name="totpSecret" value="${page.secret}" />
</div>
${field({ id: 'userLabel', label: 'Device Name' })}
${logoutSessions}
<input type="submit" id="saveTOTPBtn" value="Submit" />
</form>`
}

/** The form for what the user profile requires. */
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
