import { randomBytes } from 'node:crypto'
import { createDevRealm } from '@cloakwright/devrealm'

/** An embedded realm with one client for all applications, and users. */
export interface SessionRealm {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /**
   * Signs a user in as a browser does, and returns the cookies that the application has set, as a `Cookie` header.
   *
   * @param start A URL of the application that starts the login.
   */
  signIn(start: string, user: number): Promise<string>
  stop(): Promise<void>
}

/**
 * Starts the realm. Its tokens are valid for an hour, so that no refresh disturbs a measurement.
 *
 * @param origins Where the applications will listen.
 */
export async function startSessionRealm(origins: readonly string[], users: number): Promise<SessionRealm> {
  const clientId = 'shop-app'
  const clientSecret = randomBytes(18).toString('base64url')
  const password = randomBytes(18).toString('base64url')
  const realm = await createDevRealm()
  await realm.importRealm({
    realm: 'shop',
    enabled: true,
    accessTokenLifespan: 3600,
    ssoSessionIdleTimeout: 7200,
    clients: [
      {
        clientId,
        secret: clientSecret,
        standardFlowEnabled: true,
        redirectUris: origins.map((origin) => `${origin}/*`),
        protocolMappers: [
          {
            name: 'audience',
            protocol: 'openid-connect',
            protocolMapper: 'oidc-audience-mapper',
            config: { 'included.client.audience': clientId, 'access.token.claim': 'true' },
          },
        ],
      },
    ],
    users: Array.from({ length: users }, (_, number) => ({
      username: usernameOf(number),
      enabled: true,
      email: `${usernameOf(number)}@example.com`,
      emailVerified: true,
      firstName: 'Alice',
      lastName: 'Liddell',
      credentials: [{ type: 'password', value: password }],
    })),
  })
  return {
    issuer: `${await realm.listen()}/realms/shop`,
    clientId,
    clientSecret,
    signIn: (start, user) => signIn(start, usernameOf(user), password),
    stop: () => realm.close(),
  }
}

/** As long as the name of the guest that open routes greet. */
function usernameOf(number: number): string {
  return `alice-${String(number).padStart(12, '0')}`
}

async function signIn(start: string, username: string, password: string): Promise<string> {
  const browser = new Browser()
  const page = await browser.open(start)
  const [, action] = /action="([^"]*)"/.exec(page.body) ?? []
  if (action === undefined) throw new Error(`${start}: no login page, but status ${page.status}`)
  const form = new URLSearchParams({ username, password })
  const { status } = await browser.open(new URL(action.replaceAll('&amp;', '&'), page.url).href, form)
  if (status !== 200) throw new Error(`${start}: status ${status} after the login`)
  return browser.cookiesOf(start)
}

/** Keeps cookies for each origin, and follows redirects. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()

  async open(
    url: string,
    form?: URLSearchParams,
  ): Promise<{ readonly url: string; readonly status: number; readonly body: string }> {
    let response = await this.#send(url, form)
    for (let hops = 0; response.status >= 300 && response.status < 400; hops++) {
      if (hops > 10) throw new Error(`${url}: too many redirects`)
      response = await this.#send(new URL(response.headers.get('location') ?? '', response.url).href)
    }
    return { url: response.url, status: response.status, body: await response.text() }
  }

  cookiesOf(url: string): string {
    return Array.from(this.#at(url), (pair) => pair.join('=')).join('; ')
  }

  async #send(url: string, form?: URLSearchParams): Promise<Response> {
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      ...(form && { body: form }),
      headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', cookie: this.cookiesOf(url) },
      redirect: 'manual',
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
      if (value === '' || /;\s*max-age=0/i.test(line)) this.#at(url).delete(name)
      else this.#at(url).set(name, value)
    }
    return response
  }

  #at(url: string): Map<string, string> {
    const { origin } = new URL(url)
    const cookies = this.#cookies.get(origin) ?? new Map<string, string>()
    this.#cookies.set(origin, cookies)
    return cookies
  }
}
