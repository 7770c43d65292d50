import { type Html, html } from './html.ts'
import { alert, field, fieldError } from './layout.ts'

/** The form for user name and password; only the password if the user is known. */
export function loginForm(page: {
  action: string
  restart: string
  username: string | undefined
  /** Set during re-authentication. */
  knownUser: string | undefined
  error?: string | undefined
  alert?: string | undefined
}): Html {
  const known = page.knownUser !== undefined
  return html`${alert(page.alert)}${
    known
      ? html`${attemptedUser(page.knownUser, page.restart)}${page.error === undefined ? alert('Please re-authenticate to continue') : undefined}`
      : undefined
  }<div id="kc-form"><div id="kc-form-wrapper">
<form id="kc-form-login" action="${page.action}" method="post" novalidate="novalidate">
${
  known
    ? undefined
    : field({
        id: 'username',
        label: 'Username or email',
        value: page.username,
        autocomplete: 'username',
        autofocus: true,
        error: page.error,
      })
}
${field({
  id: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
  autofocus: known,
  error: known ? page.error : undefined,
})}
<input type="hidden" id="id-hidden-input" name="credentialId" />
<button name="login" id="kc-login" type="submit">Sign In</button>
</form>
</div></div>`
}

/** The form for a one-time code. */
export function otpForm(page: {
  action: string
  restart: string
  username: string
  credentialId: string
  error?: string | undefined
}): Html {
  return html`${attemptedUser(page.username, page.restart)}
<form id="kc-otp-login-form" action="${page.action}" method="post">
<input id="selectedCredentialId" type="hidden" name="selectedCredentialId" value="${page.credentialId}">
${field({ id: 'otp', label: 'One-time code', autocomplete: 'one-time-code', autofocus: true, numeric: true, error: page.error })}
<button name="login" id="kc-login" type="submit">Sign In</button>
</form>`
}

/** Shown if a form does not belong to the current step of the login. */
export function expiredPage(restart: string, proceed: string): Html {
  return html`<p id="instruction1">To restart the login process <a id="loginRestartLink" href="${restart}">Click here</a> .<br/>
To continue the login process <a id="loginContinueLink" href="${proceed}">Click here</a> .</p>`
}

function attemptedUser(username: string | undefined, restart: string): Html {
  return html`<div class="field">
<label for="kc-attempted-username">Username or email</label>
<input id="kc-attempted-username" value="${username}" readonly>
${fieldError('username', undefined)}
<a id="reset-login" href="${restart}">Restart login</a>
</div>`
}
