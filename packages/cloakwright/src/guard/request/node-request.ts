import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { parseUrl } from '../../http/index.ts'
import type { Framework, GuardedRequest } from './guarded-request.ts'
import { fieldsOf } from './header-fields.ts'

/** Makes what guards read from Node's own request, or from what stands for it. */
export function fromIncoming<Native>(
  incoming: IncomingMessage,
  native: Native,
  framework: Framework<Native>,
): GuardedRequest {
  return new NodeRequest(incoming, native, framework)
}

/** Where Express and what follows it keep the parsed body and the request's id. */
export const bodyAndId: Framework<{ readonly body?: unknown }> = {
  form: (request) => request.body,
  id: (request) => (request as { readonly id?: unknown }).id,
}

class NodeRequest<Native> implements GuardedRequest {
  // Declared only: one is made for each request, and is filled by its constructor alone.
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
    // Express cuts the path of a router off `url` and keeps the whole one aside.
    return (this.incoming as { originalUrl?: string }).originalUrl ?? this.incoming.url ?? '/'
  }

  /** Host and target come from the client: what makes no URL gets a host that is nobody's. */
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
    // Node marks a request whose connection left HTTP; its types do not tell.
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

/** Whether a body of this content type may carry a token beside the field (RFC 6750 §2.2). */
export function isForm(contentType: string | null | undefined): boolean {
  return contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true
}
