import { createDevRealm, type DevRealm, type DevRealmOptions } from '../src/index.ts'

/** The realm of these tests: a confidential client, a public one, and two users. */
export const demo = {
  realm: 'demo',
  enabled: true,
  clients: [
    {
      clientId: 'app',
      secret: 'app-secret',
      redirectUris: ['http://localhost:8000/callback', 'http://localhost:8000/deep/*'],
      webOrigins: ['+'],
      directAccessGrantsEnabled: true,
      serviceAccountsEnabled: true,
    },
    {
      clientId: 'spa',
      publicClient: true,
      redirectUris: ['http://localhost:9000/*'],
      directAccessGrantsEnabled: true,
    },
  ],
  users: [
    {
      username: 'alice',
      enabled: true,
      email: 'alice@example.com',
      firstName: 'Alice',
      lastName: 'Doe',
      credentials: [{ type: 'password', value: 'alice' }],
    },
    { username: 'carol', enabled: false, credentials: [{ type: 'password', value: 'carol' }] },
  ],
}

export async function openDemo(
  options: DevRealmOptions = {},
  more: Record<string, unknown> = {},
): Promise<DevRealm & AsyncDisposable> {
  const devRealm = await createDevRealm(options)
  await devRealm.importRealm({ ...demo, ...more })
  return Object.assign(devRealm, { [Symbol.asyncDispose]: () => devRealm.close() })
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly json: () => Record<string, string>
  readonly location: () => URL
}

/** Sends a request to the server without a network, and keeps cookies as a browser does. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #devRealm: DevRealm

  constructor(devRealm: DevRealm) {
    this.#devRealm = devRealm
  }

  async send(
    url: string,
    form?: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await this.#devRealm.app.inject({
      method: form === undefined ? 'GET' : 'POST',
      url: url.replace(/^http:\/\/[^/]+/, ''),
      headers: {
        host: 'localhost:8080',
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(form === undefined ? {} : { payload: new URLSearchParams(form).toString() }),
    })
    for (const cookie of response.cookies) {
      if (cookie.maxAge === 0) this.cookies.delete(cookie.name)
      else this.cookies.set(cookie.name, cookie.value)
    }
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.body,
      json: () => response.json(),
      location: () => new URL(String(response.headers.location)),
    }
  }

  authorize(parameters: Record<string, string> = {}): Promise<Answer> {
    const query = new URLSearchParams({
      client_id: 'app',
      redirect_uri: 'http://localhost:8000/callback',
      response_type: 'code',
      scope: 'openid',
      state: 'state-1',
      ...parameters,
    })
    return this.send(`/realms/demo/protocol/openid-connect/auth?${query}`)
  }

  /** Submits the form of a page. */
  submit(page: Answer, form: Record<string, string>): Promise<Answer> {
    return this.send(actionOf(page), form)
  }

  async login(
    username = 'alice',
    password = 'alice',
    parameters: Record<string, string> = {},
  ): Promise<Answer> {
    return this.submit(await this.authorize(parameters), { username, password })
  }

  token(form: Record<string, string>): Promise<Answer> {
    const client = { client_id: 'app', client_secret: 'app-secret' }
    return this.send('/realms/demo/protocol/openid-connect/token', { ...client, ...form })
  }

  exchange(code: string, form: Record<string, string> = {}): Promise<Answer> {
    return this.token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'http://localhost:8000/callback',
      ...form,
    })
  }

  password(username = 'alice', password = 'alice', form: Record<string, string> = {}): Promise<Answer> {
    return this.token({ grant_type: 'password', username, password, scope: 'openid', ...form })
  }

  refresh(token: string): Promise<Answer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: token })
  }

  userinfo(token: string): Promise<Answer> {
    const url = '/realms/demo/protocol/openid-connect/userinfo'
    return this.send(url, undefined, { authorization: `Bearer ${token}` })
  }
}

/** The action URL of a page's form. */
export function actionOf(page: Answer): string {
  return (/<form[^>]* action="([^"]*)"/.exec(page.text)?.[1] ?? '').replaceAll('&amp;', '&')
}

export function codeOf(answer: Answer): string {
  return answer.location().searchParams.get('code') ?? ''
}

/** A clock that tests can move. */
export class Clock {
  #now = Date.now()
  readonly read = (): number => this.#now

  pass(seconds: number): void {
    this.#now += seconds * 1000
  }
}
