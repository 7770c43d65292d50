import { jsonParser, type Token } from 'stream-json/core/parser.js'
import { textOf } from '../text/index.ts'
import { JsonBuilder } from './json-builder.ts'

/**
 * The name of the default role in the realm that an export was made of; undefined where the file does not say it before its
 * users. Keycloak writes it before them.
 */
export async function readDefaultRole(path: string): Promise<string | undefined> {
  const realm = new RealmMembers()
  const toTokens = jsonParser({ packValues: false })
  let isFirst = true
  for await (const read of textOf(path)) {
    const text = isFirst && read.startsWith('\uFEFF') ? read.slice(1) : read
    isFirst = false
    for (const token of tokensOf(() => toTokens(text))) {
      if (realm.take(token)) return realm.defaultRole
    }
  }
  return undefined
}

/** Finds the member `defaultRole` in a realm's representation. */
class RealmMembers {
  defaultRole: string | undefined
  #depth = 0
  #key: JsonBuilder | undefined
  #name: unknown
  #role: JsonBuilder | undefined

  /** Whether nothing more is to be read. */
  take(token: Token): boolean {
    if (this.#role !== undefined) {
      this.#role.add(token)
      if (!this.#role.isComplete) return false
      const { name } = (this.#role.value ?? {}) as { name?: unknown }
      this.defaultRole = typeof name === 'string' ? name : undefined
      return true
    }
    if (token.name === 'startArray' && (this.#depth === 0 || this.#name === 'users')) return true
    if (token.name === 'startObject' && this.#depth === 1 && this.#name === 'defaultRole') {
      this.#role = new JsonBuilder()
      this.#role.add(token)
      return false
    }
    if (token.name === 'startObject' || token.name === 'startArray') this.#depth += 1
    if (token.name === 'endObject' || token.name === 'endArray') this.#depth -= 1
    if (this.#depth === 1) this.#readKey(token)
    return false
  }

  #readKey(token: Token): void {
    if (token.name === 'startKey') this.#key = new JsonBuilder()
    this.#key?.add(token)
    if (token.name !== 'endKey') return
    this.#name = this.#key?.value
    this.#key = undefined
  }
}

/** None for invalid JSON, which is reported when the users are read. */
function tokensOf(read: () => unknown): readonly Token[] {
  try {
    const many = read()
    return typeof many === 'object' && many !== null ? (many as { values: readonly Token[] }).values : []
  } catch {
    return []
  }
}
