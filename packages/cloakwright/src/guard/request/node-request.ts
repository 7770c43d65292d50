import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { parseUrl } from '../../http/index.ts'
import type { Framework, GuardedRequest } from './guarded-request.ts'
import { fieldsOf } from './header-fields.ts'

/** Creates the guards' view of Node's own request, or of an object in its place. */
export function fromIncoming<Native>(
  incoming: IncomingMessage,
  native: Native,
  framework: Framework<Native>,
): GuardedRequest {
  return new NodeRequest(incoming, native, framework)
}

/** Where Express and similar frameworks keep the parsed body and the request's id. */
export const bodyAndId: Framework<{ readonly body?: unknown }> = {
  form: (request) => request.body,
  id: (request) => (request as { readonly id?: unknown }).id,
}

class NodeRequest<Native> implements GuardedRequest {
  // Declared only: one is created for each request, and its constructor alone fills it.
  declare readonly incoming: IncomingMessage
  declare readonly native: Native
  declare private readonly framework: Framework<Native>

  constructor(incoming: IncomingMessage, native: Native, framework: Framework<Native>) {
    this.incoming = incoming
    this.native = native
    this.framework = framework
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
    const url = (this.framework.origin?.(this.native) ?? nobodys) + target
    return parseUrl(url) === undefined ? nobodys + target : url
  }

  get headers(): GuardedRequest['headers'] {
    return {
      get: (name) => {
        const fields = this.fields(name.toLowerCase())
        return fields.length === 0 ? null : fields.join(', ')
      },
    }
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
}

const nobodys = 'http://host.invalid'

/** The id that a framework gave the request, or a new one. */
export function toId(given: unknown): string {
  return typeof given === 'string' ? given : randomUUID()
}

/** Whether a body of this content type may contain a token in addition to the header (RFC 6750 §2.2). */
export function isForm(contentType: string | null | undefined): boolean {
  return contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true
}
