/** A browser's part in a login: cookies by host, redirects, forms. It returns what the user would see. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()
  /** URLs visited by the last navigation, redirects included. */
  visited: string[] = []

  /** Opens a page and follows redirects to the end. */
  async open(url: string): Promise<Page> {
    return await this.#navigate(new URL(url), { method: 'GET' })
  }

  /** Submits the page's form with these fields, in addition to its hidden ones. */
  async submit(page: Page, fields: Record<string, string> = {}): Promise<Page> {
    const [form] = /<form[\s\S]*?<\/form>/i.exec(page.text) ?? []
    if (form === undefined) throw new Error(`no form on ${page.url}: ${page.text.slice(0, 500)}`)
    const action = decode(/\baction="([^"]*)"/i.exec(form)?.[1] ?? page.url)
    const body = new URLSearchParams()
    for (const [input] of form.matchAll(/<input[^>]*>/gi)) {
      const [, name] = /\bname="([^"]*)"/i.exec(input) ?? []
      const [, value = ''] = /\bvalue="([^"]*)"/i.exec(input) ?? []
      if (name !== undefined && /type="hidden"/i.test(input)) body.set(name, decode(value))
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value)
    const target = new URL(action, page.url)
    const origin = new URL(page.url).origin
    const site = origin === target.origin ? 'same-origin' : 'cross-site'
    return await this.#navigate(target, { method: 'POST', body, headers: { origin, 'sec-fetch-site': site } })
  }

  /** Signs in on Keycloak's page, after any navigation to it. */
  async signIn(page: Page, username: string): Promise<Page> {
    return await this.submit(page, { username, password: username, credentialId: '' })
  }

  /** A script's request from a page of this origin. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const target = new URL(url)
    const headers = {
      accept: 'application/json',
      'sec-fetch-site': 'same-origin',
      origin: target.origin,
    }
    return await this.#send(target, {
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string>) },
    })
  }

  /** The cookie that the browser has for that host. */
  /** The value of the session cookie, whose name ends in a hash of issuer and client. */
  sessionCookie(url: string): string | undefined {
    const cookies = this.#cookies.get(new URL(url).hostname) ?? new Map<string, string>()
    return [...cookies].find(([name]) => /^cloakwright_dev-[\w-]{8}$/.test(name))?.[1]
  }

  setCookie(url: string, name: string, value: string): void {
    this.#jar(new URL(url)).set(name, value)
  }

  async #navigate(url: URL, init: RequestInit): Promise<Page> {
    this.visited = []
    let target = url
    let next = init
    for (let hops = 0; hops < 12; hops += 1) {
      this.visited.push(target.href)
      const answer = await this.#send(target, {
        ...next,
        headers: {
          accept: 'text/html,application/xhtml+xml',
          ...(next.headers as object),
        },
      })
      const location = answer.headers.get('location')
      if (location === null || answer.status < 300 || answer.status >= 400) {
        return { url: target.href, status: answer.status, headers: answer.headers, text: await answer.text() }
      }
      target = new URL(location, target)
      next = { method: 'GET' }
    }
    throw new Error(`too many redirects: ${this.visited.join(' ')}`)
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    const cookie = [...this.#jar(url)].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) },
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const gone = /;\s*max-age=0/i.test(line) || /;\s*expires=thu, 01[ -]jan[ -]1970/i.test(line)
      if (gone) this.#jar(url).delete(name)
      else this.#jar(url).set(name, value)
    }
    return answer
  }

  #jar(url: URL): Map<string, string> {
    let jar = this.#cookies.get(url.hostname)
    if (jar === undefined) this.#cookies.set(url.hostname, (jar = new Map()))
    return jar
  }
}

export interface Page {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

function decode(text: string): string {
  return text
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#x3D;', '=')
}
