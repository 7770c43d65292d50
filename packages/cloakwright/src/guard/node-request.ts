import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { GuardedRequest } from './types.ts'

/** What a framework on Node knows beyond Node's own request. */
export interface NodeRequestParts {
  readonly native: unknown
  /** The parsed body, if the framework has read one. */
  readonly body?: unknown
  /** Reads the form, where the framework has not. */
  readonly readForm?: (() => Promise<unknown>) | undefined
  /** Scheme and host that the client asked for; only sessions ask for it. */
  readonly origin?: (() => string) | undefined
  readonly id?: string | undefined
}

/** Makes what guards read from Node's own request: its fields as they came, since Node keeps only the first of two Authorization fields. */
export function fromIncoming(incoming: IncomingMessage, parts: NodeRequestParts): GuardedRequest {
  return new NodeRequest(incoming, parts)
}

class NodeRequest implements GuardedRequest {
  readonly incoming: IncomingMessage
  readonly #parts: NodeRequestParts
  #id: string | undefined

  constructor(incoming: IncomingMessage, parts: NodeRequestParts) {
    this.incoming = incoming
    this.#parts = parts
    this.#id = parts.id
  }

  get method(): string {
    return this.incoming.method ?? 'GET'
  }

  get target(): string {
    // Express cuts the path of a router off `url` and keeps the whole one aside.
    return (this.incoming as { originalUrl?: string }).originalUrl ?? this.incoming.url ?? '/'
  }

  get native(): unknown {
    return this.#parts.native
  }

  fields(name: string): readonly string[] {
    return fieldsOf(this.incoming.rawHeaders, name)
  }

  form(): unknown {
    const { body, readForm } = this.#parts
    if (body === undefined && readForm === undefined) return undefined
    if (!isForm(this.fields('content-type')[0])) return undefined
    return readForm === undefined ? body : readForm()
  }

  origin(): string {
    return this.#parts.origin?.() ?? 'http://host.invalid'
  }

  id(): string {
    this.#id ??= randomUUID()
    return this.#id
  }
}

const none: readonly string[] = []

function fieldsOf(rawHeaders: readonly string[], name: string): readonly string[] {
  let found: string[] | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const candidate = rawHeaders[at] as string
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue
    if (found === undefined) found = [rawHeaders[at + 1] as string]
    else found.push(rawHeaders[at + 1] as string)
  }
  return found ?? none
}

/** Whether a body of this content type may carry a token beside the field (RFC 6750 §2.2). */
export function isForm(contentType: string | null | undefined): boolean {
  return contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true
}
