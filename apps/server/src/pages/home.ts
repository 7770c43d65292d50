import { type Html, html } from './html.ts'

/** The user of the page. */
export interface Viewer {
  readonly username: string
  readonly email: string | undefined
  readonly roles: readonly string[]
}

/** Other data of the page. */
export interface Surroundings {
  readonly keycloak: string
  readonly realm: string
  /** Whether to show the demo users. */
  readonly demo: boolean
  /** Whether the API has a documentation page. */
  readonly docs: boolean
}

/** The page at `/`: sign in or out, the user, and links to try. No script; signing out is a form. */
export function homePage(viewer: Viewer | undefined, around: Surroundings): string {
  const docs = around.docs
    ? html`<li><a href="/docs"><code>/docs</code></a> <span class="note">API documentation, with requests to try</span></li>`
    : html``
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cloakwright</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>Cloakwright</h1>
<p class="lead">A service secured by Keycloak. It never sees a password: signing in happens at the realm
<strong>${around.realm}</strong>.</p>
${viewer === undefined ? signedOut(around) : signedIn(viewer)}
<section aria-labelledby="try">
<h2 id="try">Try</h2>
<ul>
<li><a href="/secure-data"><code>/secure-data</code></a> <span class="note">for everyone who is signed in; asks you to sign in first</span></li>
<li><a href="/public"><code>/public</code></a> <span class="note">the same, unprotected</span></li>
<li><a href="/admin-data"><code>/admin-data</code></a> <span class="note">needs the role admin</span></li>
<li><a href="/me"><code>/me</code></a> <span class="note">your user, as the service sees it</span></li>
<li><a href="/me/sessions"><code>/me/sessions</code></a> <span class="note">where you are signed in</span></li>
<li><a href="/notes"><code>/notes</code></a> <span class="note">your notes; an admin sees everyone's</span></li>
${docs}
<li><a href="${around.keycloak}">Keycloak</a> <span class="note">users, roles and clients</span></li>
</ul>
</section>
</main>
</body>
</html>
`
  return page.text
}

function signedOut({ demo }: Surroundings): Html {
  const users = demo
    ? html`<p class="note">Demo users: <code>alice</code> / <code>alice</code> (roles admin, user) and <code>bob</code> / <code>bob</code> (role user).</p>`
    : html``
  return html`<section aria-labelledby="who">
<h2 id="who">You are not signed in</h2>
<p><a class="button" href="/auth/login?returnTo=/">Sign in</a></p>
${users}
</section>`
}

function signedIn({ username, email, roles }: Viewer): Html {
  const list =
    roles.length === 0 ? [html`none`] : roles.map((role) => html`<span class="role">${role}</span>`)
  return html`<section aria-labelledby="who">
<h2 id="who">Signed in as ${username}</h2>
<dl>
<dt>E-mail</dt><dd>${email ?? 'not given'}</dd>
<dt>Roles</dt><dd>${list}</dd>
</dl>
<form method="post" action="/auth/logout"><button class="quiet" type="submit">Sign out</button></form>
</section>`
}
