import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { parseUrl } from '../../http/index.ts'
import type { Framework, GuardedRequest } from './guarded-request.ts'
import { fieldsOf } from './header-fields.ts'

/**
 * Creates the guards' view of Node's own request, or of an object in its place.
 *
 * @param outgoing Node's response; without it, a stream of events stays open when its token or session ends.
 */
export function fromIncoming<Native>(
  incoming: IncomingMessage,
  native: Native,
  framework: Framework<Native>,
  outgoing?: ServerResponse,
): GuardedRequest {
  return new NodeRequest(incoming, native, framework, outgoing)
}

/** What Express, Fastify and similar frameworks keep on their requests. */
interface FrameworkRequest {
  readonly body?: unknown
  readonly id?: unknown
  /** As the client sent it, as far as the framework trusts its proxies. */
  readonly protocol?: string
  /** The same, without the port. */
  readonly hostname?: string | undefined
  /** The client's address, as far as the framework trusts its proxies. */
  readonly ip?: string | undefined
  readonly headers: { readonly host?: string | undefined }
}

/** Reads form, id and origin where Express and Fastify keep them. */
export const frameworkOfNode: Framework<FrameworkRequest> & {
  readonly origin: (request: FrameworkRequest) => string
  readonly address: (request: FrameworkRequest) => string | undefined
} = {
  form: (request) => request.body,
  id: (request) => request.id,
  origin: originOf,
  address: ({ ip }) => ip,
}

/** The port is only known if the host is the one of the request itself, not of a proxy. */
function originOf({ protocol, hostname, headers: { host } }: FrameworkRequest): string {
  const isOwn = host === hostname || host?.startsWith(`${hostname}:`) === true
  return `${protocol}://${isOwn ? host : hostname}`
}

class NodeRequest<Native> implements GuardedRequest {
  // Declared only: one is created for each request, and its constructor alone fills it.
  declare readonly incoming: IncomingMessage
  declare readonly native: Native
  declare readonly outgoing: ServerResponse | undefined
  declare private readonly framework: Framework<Native>

  constructor(
    incoming: IncomingMessage,
    native: Native,
    framework: Framework<Native>,
    outgoing: ServerResponse | undefined,
  ) {
    this.incoming = incoming
    this.native = native
    this.framework = framework
    this.outgoing = outgoing
  }

  get identity(): object {
    return this.incoming
  }

  get method(): string {
    return this.incoming.method ?? 'GET'
  }

  get target(): string {
    // Express removes the path of a router from `url` and keeps the whole one in `originalUrl`.
    return (this.incoming as { originalUrl?: string }).originalUrl ?? this.incoming.url ?? '/'
  }

  /** Host and target come from the client: if they form no valid URL, it gets a host that does not exist. */
  get url(): string {
    const target = this.target.startsWith('/') ? this.target : '/'
    const origin = this.framework.origin?.(this.native) ?? nobodys
    if (origin === lastOrigin) return origin + target
    // A user name is none of a host, and no web request can have one in its URL.
    if (parseUrl(origin + target)?.username !== '') return nobodys + target
    lastOrigin = origin
    return origin + target
  }

  /** The request itself: a session's request reads several headers, and an object for each would cost time. */
  get headers(): GuardedRequest['headers'] {
    return this
  }

  /** A header, as the web's `Headers` return it. */
  get(name: string): string | null {
    const key = name.toLowerCase()
    const fields = this.fields(key)
    // HTTP/2 sends each cookie as a header of its own (RFC 9113 §8.2.3).
    return fields.length < 2 ? (fields[0] ?? null) : fields.join(key === 'cookie' ? '; ' : ', ')
  }

  get connection(): Duplex | undefined {
    // Node marks a request whose connection left HTTP; its types do not include the mark.
    const { socket, upgrade } = this.incoming as IncomingMessage & { readonly upgrade?: boolean | null }
    return this.framework.connection?.(this.native) ?? (upgrade === true ? socket : undefined)
  }

  fields(name: string): readonly string[] {
    return fieldsOf(this.incoming, name)
  }

  form(): unknown {
    return isForm(this.fields('content-type')[0]) ? this.framework.form(this.native) : undefined
  }

  id(): string {
    return toId(this.framework.id(this.native))
  }

  address(): string | undefined {
    return this.framework.address?.(this.native)
  }
}

const nobodys = 'http://host.invalid'

/** The last origin that was valid. Nearly all requests of a service have the same one, which is then not parsed again. */
let lastOrigin = nobodys

/** The id that a framework gave the request, or a new one. */
export function toId(given: unknown): string {
  return typeof given === 'string' ? given : randomUUID()
}

/** Whether a body of this content type may contain a token in addition to the header (RFC 6750 §2.2). */
export function isForm(contentType: string | null | undefined): boolean {
  return contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true
}
