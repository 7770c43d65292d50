import { CloakwrightError } from 'cloakwright'
import { jsonParser, type Token } from 'stream-json/core/parser.js'
import type { RejectedRow } from '../rows.ts'
import { textOf } from '../text/index.ts'
import { JsonBuilder } from './json-builder.ts'
import type { Candidate } from './read-ndjson.ts'

/**
 * The users of a realm's export: an object's list `users`, or a bare list. Other members are read over, whatever their
 * size. Service accounts are left out: they come with their clients.
 *
 * @throws {CW_FILE_INVALID} when the file is not JSON to its end, or has no list of users
 */
export async function* readExport(
  path: string,
  firstLine = 1,
): AsyncGenerator<Candidate | RejectedRow, number, undefined> {
  const users = new UserList()
  // Values come in pieces, so that a long one which no one wants is never in memory.
  const toTokens = jsonParser({ packValues: false })
  let line = firstLine
  let beginning = true
  for await (const read of textOf(path)) {
    const text = beginning && read.startsWith('﻿') ? read.slice(1) : read
    beginning = false
    for (const token of tokensOf(path, line, () => toTokens(text))) {
      const user = users.take(token)
      if (user === undefined) continue
      if (user.isTooLong) yield { line, reason: 'the user is longer than 1 MiB', raw: user.value }
      else if (!isServiceAccount(user.value)) yield { line, value: user.value }
      line += 1
    }
  }
  if (!users.ended) throw invalid(path, 'ends before its JSON document is complete', line)
  if (!users.found) throw invalid(path, 'has no list "users"', undefined)
  return line
}

/** Finds the list in a stream of tokens, and builds its items one after the other. */
class UserList {
  found = false
  ended = false
  #depth = 0
  /** The depth of the list's items, once inside. */
  #items: number | undefined
  #item: JsonBuilder | undefined
  #key: JsonBuilder | undefined
  #name: unknown

  take(token: Token): JsonBuilder | undefined {
    const opens = token.name === 'startObject' || token.name === 'startArray'
    const closes = token.name === 'endObject' || token.name === 'endArray'
    const before = this.#depth
    if (opens) this.#depth += 1
    if (closes) this.#depth -= 1
    this.ended = closes && this.#depth === 0

    if (this.#items !== undefined) {
      if (this.#depth < this.#items) {
        this.#items = undefined
        return undefined
      }
      this.#item ??= new JsonBuilder()
      this.#item.add(token)
      if (!this.#item.isComplete) return undefined
      const item = this.#item
      this.#item = undefined
      return item
    }
    if (token.name === 'startArray' && !this.found && this.#isList(before)) {
      this.found = true
      this.#items = this.#depth
    } else if (this.#depth === 1) this.#readKey(token)
    return undefined
  }

  #isList(depth: number): boolean {
    return depth === 0 || (depth === 1 && this.#name === 'users')
  }

  #readKey(token: Token): void {
    if (token.name === 'startKey') this.#key = new JsonBuilder()
    this.#key?.add(token)
    if (token.name !== 'endKey') return
    this.#name = this.#key?.value
    this.#key = undefined
  }
}

function tokensOf(path: string, line: number, read: () => unknown): readonly Token[] {
  try {
    const many = read()
    return typeof many === 'object' && many !== null ? (many as { values: readonly Token[] }).values : []
  } catch (cause) {
    throw invalid(path, 'is not a single valid JSON document', line, cause)
  }
}

function isServiceAccount(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'serviceAccountClientId')
}

function invalid(path: string, what: string, line: number | undefined, cause?: unknown): CloakwrightError {
  const where = line === undefined ? '' : `, at or after user ${line}`
  return new CloakwrightError('CW_FILE_INVALID', `The file ${path} ${what}${where}`, {
    hint: "Check the file: a Keycloak export is one JSON object with a list of users. For one user per line, use format 'ndjson'.",
    cause,
  })
}
