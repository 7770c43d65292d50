/** Milliseconds: some frameworks keep one request as long as a connection, and a logout has to count within a second. */
const maxAge = 1_000

/**
 * What was found out about a request, for whoever asks the same about it again: an answer that had to be waited for, also
 * a refusal. It is forgotten with the request, and after a second.
 */
export class PerRequest<T> {
  readonly #answers = new WeakMap<object, Map<string, Answer<T>>>()

  /** Whether anything is known about the request: cheap, and so asked first. */
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
