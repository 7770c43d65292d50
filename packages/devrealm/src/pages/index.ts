/**
 * HTML pages. In: the content of a page. Out: escaped HTML, and responses with Keycloak's headers. login/ and server/ send it.
 */
export { consentForm, deviceStatusPage, userCodeForm } from './device.ts'
export { frontChannelLogoutPage } from './front-channel-logout.ts'
export { escapeHtml, type Html, html } from './html.ts'
export { sendErrorPage, sendPage } from './layout.ts'
export { expiredPage, loginForm, otpForm } from './login.ts'
export { configureTotpForm, updatePasswordForm, updateProfileForm } from './required-actions.ts'
export { sessionStatus, thirdPartyCookiesRead, thirdPartyCookiesSet } from './session-status.ts'
export { sendStartPage } from './start-page.ts'
