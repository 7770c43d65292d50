import { type Reply, type Send, send } from './http.ts'
import { type Page, toPage } from './page.ts'

/**
 * A minimal browser: keeps cookies, follows redirects on its server, fills in forms by id, and stops at a redirect to another
 * server (the client's redirect URI).
 */
export class Browser {
  readonly cookies: Map<string, string> = new Map()
  readonly #origin: string

  constructor(server: string) {
    this.#origin = new URL(server).origin
  }

  /** One request with this browser's cookies; redirects are not followed. */
  async request(url: string | URL, request: Send = {}): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await send(url, { ...request, headers: { ...(cookie && { cookie }), ...request.headers } })
    for (const line of reply.headers.getSetCookie()) this.#keep(line)
    return toPage(reply)
  }

  /** Opens a URL and follows redirects on the server; ends at a page or at a redirect to another server. */
  async open(url: string | URL, request: Send = {}): Promise<Page> {
    let page = await this.request(url, request)
    for (let hops = 0; isHop(page) && page.location().origin === this.#origin; hops++) {
      if (hops > 10) throw new Error(`too many redirects, last to ${page.location().pathname}`)
      page = await this.request(page.location())
    }
    return page
  }

  /** Submits the form with this id with its values, overridden by the given ones. */
  async submit(page: Page, formId: string, fields: Record<string, string> = {}): Promise<Page> {
    const form = page.form(formId)
    return this.open(new URL(form.action, this.#origin), {
      method: 'POST',
      form: { ...form.fields, ...fields },
    })
  }

  /** Fills in the login form at a URL. */
  async login(url: string | URL, username: string, password: string): Promise<Page> {
    return this.submit(await this.open(url), 'kc-form-login', { username, password })
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const [name = '', ...rest] = pair.split('=')
    const gone = attributes.some((attribute) => /^max-age=0$/i.test(attribute))
    if (gone) this.cookies.delete(name)
    else this.cookies.set(name, rest.join('='))
  }
}

function isHop(reply: Reply): boolean {
  return [301, 302, 303, 307, 308].includes(reply.status) && reply.headers.has('location')
}
