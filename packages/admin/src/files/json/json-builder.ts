import type { Token } from 'stream-json/core/parser.js'
import { rowLimit } from '../text/index.ts'

/** One JSON value, built from tokens; what is longer than a row may be is not kept. */
export class JsonBuilder {
  value: unknown
  isComplete = false
  isTooLong = false
  readonly #open: (unknown[] | Record<string, unknown>)[] = []
  readonly #keys: string[] = []
  #text = ''
  #left = rowLimit
  #depth = 0

  add(token: Token): void {
    // Each token costs memory, one without a text too.
    this.#left -= 'value' in token && typeof token.value === 'string' ? token.value.length : 8
    if (this.#left < 0) this.isTooLong = true
    switch (token.name) {
      case 'startObject':
        return this.#begin({})
      case 'startArray':
        return this.#begin([])
      case 'endObject':
      case 'endArray':
        this.#depth -= 1
        if (this.isTooLong) this.isComplete = this.#depth === 0
        else this.#end(this.#open.pop())
        return
      case 'startString':
      case 'startNumber':
      case 'startKey':
        this.#text = ''
        return
      case 'stringChunk':
      case 'numberChunk':
        if (!this.isTooLong) this.#text += token.value
        return
      case 'endKey':
        if (this.#depth === 0) this.value = this.#text
        else if (!this.isTooLong) this.#keys[this.#depth] = this.#text
        return
      case 'endString':
        return this.#scalar(this.#text)
      case 'endNumber':
        return this.#scalar(Number(this.#text))
      case 'trueValue':
      case 'falseValue':
      case 'nullValue':
        return this.#scalar(token.value)
      // Those of a parser that packs values, or reads comments.
      case 'keyValue':
      case 'stringValue':
      case 'numberValue':
      case 'whitespace':
        return
    }
  }

  #begin(container: unknown[] | Record<string, unknown>): void {
    this.#depth += 1
    if (this.isTooLong) return
    if (this.#depth === 1) this.value = container
    else this.#put(container, this.#depth - 1)
    this.#open.push(container)
  }

  #end(container: unknown): void {
    if (this.#depth > 0) return
    this.value = container
    this.isComplete = true
  }

  #scalar(value: unknown): void {
    if (this.#depth === 0) {
      if (!this.isTooLong) this.value = value
      this.isComplete = true
    } else if (!this.isTooLong) this.#put(value, this.#depth)
  }

  /** Into the container of this depth. */
  #put(value: unknown, depth: number): void {
    const container = this.#open.at(-1)
    const key = this.#keys[depth] ?? ''
    if (Array.isArray(container)) container.push(value)
    // A member of its own, as JSON.parse has it.
    else if (key === '__proto__' && container !== undefined)
      Object.defineProperty(container, key, { value, configurable: true, enumerable: true, writable: true })
    else if (container !== undefined) container[key] = value
  }
}
