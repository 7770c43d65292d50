import type { AccessToken } from 'cloakwright'
import { sql } from 'drizzle-orm'
import type { AppDatabase } from './database.ts'
import { query } from './failures.ts'
import { users } from './schema.ts'

/** Users whose row is known to be current; beyond this the oldest are forgotten and written again. */
const rememberedUsers = 10_000

/** The mirror of the realm's users: written when a user is first seen, and when name or e-mail changed. */
export class Users {
  readonly #orm: AppDatabase
  readonly #onError: (error: unknown) => void
  /** Tokens whose user was mirrored; a verifier gives the same object for the same token, so this costs nothing. */
  readonly #seen = new WeakSet<AccessToken>()
  /** `sub` → what was written, so that a known user's new token costs no query. */
  readonly #known = new Map<string, string>()
  readonly #writing = new Map<string, Promise<void>>()

  constructor(orm: AppDatabase, onError: (error: unknown) => void) {
    this.#orm = orm
    this.#onError = onError
  }

  /** Mirrors the user in the background: a request that needs no data does not wait for the database. */
  see(token: AccessToken): void {
    if (this.#seen.has(token) || this.#writing.has(token.subject)) return
    this.ensure(token).then(() => this.#seen.add(token), this.#onError)
  }

  /** Resolves when the user's row is there, for data that refers to it. */
  async ensure(token: AccessToken): Promise<void> {
    const { subject } = token
    const print = fingerprint(token)
    if (this.#known.get(subject) === print) return
    const current = this.#writing.get(subject)
    if (current !== undefined) {
      await current
      return this.ensure(token)
    }
    const write = this.#write(token).then(() => this.#remember(subject, print))
    this.#writing.set(subject, write)
    try {
      await write
    } finally {
      this.#writing.delete(subject)
    }
  }

  /** Resolves once no write is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writing.values())
  }

  async #write(token: AccessToken): Promise<void> {
    const { subject: sub } = token
    const [username, email] = [token.username ?? null, token.email ?? null]
    await query(() =>
      this.#orm
        .insert(users)
        .values({ sub, username, email })
        .onConflictDoUpdate({
          target: users.sub,
          set: { username, email, updatedAt: new Date() },
          setWhere: sql`(${users.username}, ${users.email}) is distinct from (${username}, ${email})`,
        }),
    )
  }

  #remember(subject: string, print: string): void {
    if (this.#known.size >= rememberedUsers) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(subject, print)
  }
}

function fingerprint({ username, email }: AccessToken): string {
  return `${username ?? ''}\n${email ?? ''}`
}
