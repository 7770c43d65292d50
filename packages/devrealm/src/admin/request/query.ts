import { notFound } from '../errors.ts'

/** A request's query parameters, read as Keycloak's endpoints declare them. */
export class Query {
  readonly #values: Readonly<Record<string, unknown>>

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    const first: unknown = Array.isArray(value) ? value[0] : value
    return typeof first === 'string' ? first : undefined
  }

  /** All values of a parameter that may be repeated. */
  texts(name: string): string[] {
    const value = this.#values[name]
    return (Array.isArray(value) ? value : [value]).filter(
      (each): each is string => typeof each === 'string' && each !== '',
    )
  }

  /** `true` or `false`: any other string is false, as in Java. */
  flag(name: string): boolean | undefined {
    const text = this.text(name)
    return text === undefined || text === '' ? undefined : text.toLowerCase() === 'true'
  }

  /**
   * A 32-bit integer.
   *
   * @throws {AdminError} 404 for any other string: Keycloak then finds no matching resource
   */
  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined || text === '') return undefined
    const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(number >= -(2 ** 31) && number < 2 ** 31)) throw notFound()
    return number
  }

  /** The page of a list that `first` and `max` select; a negative number or none means no limit. */
  page<T>(items: readonly T[], defaultMax?: number): T[] {
    const first = Math.max(this.number('first') ?? 0, 0)
    const max = this.number('max') ?? defaultMax ?? -1
    return items.slice(first, max < 0 ? undefined : first + max)
  }

  /** `q=key:value other:"two words"` as pairs. */
  attributes(name = 'q'): [string, string][] {
    const pairs = (this.text(name) ?? '').matchAll(
      /(?:"([^"]*)"|(?<![^\s:"])([^\s:"]+)):(?:"([^"]*)"|(\S+))/g,
    )
    return [...pairs].map(([, quotedKey, key, quoted, value]) => [
      quotedKey ?? key ?? '',
      quoted ?? value ?? '',
    ])
  }
}
