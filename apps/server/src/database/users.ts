import type { AccessToken } from 'cloakwright'
import { sql } from 'drizzle-orm'
import type { AppDatabase } from './database.ts'
import { query } from './failures.ts'
import { users } from './schema.ts'

/** Maximum number of users whose row is known to be current; beyond this, the oldest are dropped and written again. */
const rememberedUsers = 10_000

/** Copies of the realm's users: written when a user is first seen, and when name or e-mail changed. */
export class Users {
  readonly #orm: AppDatabase
  readonly #onError: (error: unknown) => void
  /** Tokens whose user was copied; a verifier returns the same object for the same token, so this check is free. */
  readonly #seen = new WeakSet<AccessToken>()
  /** `sub` → the values written, so that a new token of a known user needs no query. */
  readonly #known = new Map<string, string>()
  readonly #writing = new Map<string, Promise<void>>()

  constructor(orm: AppDatabase, onError: (error: unknown) => void) {
    this.#orm = orm
    this.#onError = onError
  }

  /** Copies the user in the background: a request that needs no data does not wait for the database. */
  see(token: AccessToken): void {
    if (this.#seen.has(token) || this.#writing.has(token.subject)) return
    this.ensure(token).then(() => this.#seen.add(token), this.#onError)
  }

  /** Resolves when the user's row exists, for data that refers to it. */
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

  /** Resolves once no write is pending. */
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
