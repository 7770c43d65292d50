import type { FastifyRequest } from 'fastify'

/** The parameters of a request: from its query or form, each with all its values. */
export class Form {
  readonly #values: URLSearchParams

  constructor(values: URLSearchParams = new URLSearchParams()) {
    this.#values = values
  }

  /** The first value. */
  get(name: string): string | undefined {
    return this.#values.get(name) ?? undefined
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  getAll(name: string): string[] {
    return this.#values.getAll(name)
  }

  /** Whether any parameter but these was sent twice, which RFC 6749 section 3.1 forbids. */
  hasDuplicates(...allowed: readonly string[]): boolean {
    const names = [...this.#values.keys()].filter((name) => !allowed.includes(name))
    return new Set(names).size !== names.length
  }

  /** A copy. */
  toParameters(): URLSearchParams {
    return new URLSearchParams(this.#values)
  }

  count(name: string): number {
    return this.#values.getAll(name).length
  }
}

/** The body of a form post; empty for any other body. */
export function formOf(request: FastifyRequest): Form {
  return request.body instanceof Form ? request.body : new Form()
}

/** The query's parameters. */
export function queryOf(request: FastifyRequest): Form {
  const at = request.url.indexOf('?')
  return new Form(new URLSearchParams(at === -1 ? '' : request.url.slice(at + 1)))
}
