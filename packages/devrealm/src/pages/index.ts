/** HTML for browsers. In: what a page says. Out: escaped HTML, and responses with Keycloak's headers. login/ and server/ send it. */
export { escapeHtml, type Html, html } from './html.ts'
export { sendErrorPage, sendPage } from './layout.ts'
export { expiredPage, loginForm, otpForm } from './login.ts'
export { configureTotpForm, updatePasswordForm, updateProfileForm } from './required-actions.ts'
export { sendStartPage } from './start-page.ts'
