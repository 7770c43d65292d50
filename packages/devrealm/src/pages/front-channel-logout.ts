import { Html, html } from './html.ts'

/** Logs out of clients in invisible frames (OpenID Connect Front-Channel Logout 1.0), then continues to the application. */
export function frontChannelLogoutPage(
  logouts: readonly { name: string; url: string }[],
  redirectUri: string | undefined,
): Html {
  const items = logouts.map(
    ({ name, url }) => html`<li>${name}<iframe src="${url}" style="display:none;"></iframe></li>`,
  )
  return html`<p>You are logging out from following apps</p>
<ul>${items}</ul>
${redirectUri === undefined ? undefined : html`${continueScript(redirectUri)}<a id="continue" href="${redirectUri}">Continue</a>`}`
}

/** Continues when all frames are loaded. The URL is a JSON string without `<`, so it cannot end the script. */
function continueScript(redirectUri: string): Html {
  const target = JSON.stringify(redirectUri).replaceAll('<', '\\u003c')
  return new Html(`<script>
document.addEventListener('readystatechange', () => {
  if (document.readyState === 'complete') window.location.replace(${target})
})
</script>
`)
}
