/** Milliseconds: some frameworks use one request object for a whole connection, and a logout must take effect within a second. */
const maxAge = 1_000

/**
 * Caches what was found out about a request, for further checks of the same request: results that took an await, including
 * refusals. An entry is dropped with the request, and after a second.
 */
export class PerRequest<T> {
  readonly #answers = new WeakMap<object, Map<string, Answer<T>>>()

  /** Whether anything is cached for the request: cheap, so check it first. */
  has(request: object): boolean {
    return this.#answers.has(request)
  }

  /** @param now Milliseconds since the epoch. */
  find(request: object, question: string, now: number): Promise<T> | undefined {
    const answer = this.#answers.get(request)?.get(question)
    return answer !== undefined && Math.abs(now - answer.at) < maxAge ? answer.promise : undefined
  }

  /** @param now Milliseconds since the epoch. */
  keep(request: object, question: string, promise: Promise<T>, now: number): Promise<T> {
    const answers = this.#answers.get(request) ?? new Map<string, Answer<T>>()
    this.#answers.set(request, answers.set(question, { promise, at: now }))
    return promise
  }
}

interface Answer<T> {
  readonly promise: Promise<T>
  readonly at: number
}
