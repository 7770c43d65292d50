import { CloakwrightError } from '../errors.ts'
import { handleKey, type SessionHandle } from '../token/index.ts'
import type { SessionContext } from './context.ts'
import type { LiveSession } from './live-session.ts'
import type { Refresher } from './refresh.ts'
import { sealData } from './session-data.ts'
import type { Session, SessionUse } from './types.ts'
import { readLive } from './vault.ts'

/** What the sessions of an engine share. */
export interface SessionParts {
  readonly context: SessionContext
  readonly keepFresh: Refresher
  readonly findByKey: (key: string, use: SessionUse) => Session | undefined | Promise<Session | undefined>
}

/** A session as it was found for a request. */
export interface FoundSession {
  readonly context: SessionContext
  readonly live: LiveSession
}

/** Another copy of this package may have created the session: Next.js bundles several. */
const foundKey: unique symbol = Symbol.for('cloakwright.session')

/** A session as the service sees it. One is created for each request: its functions are on the prototype. */
export class BrowserSession implements Session {
  readonly key: string
  readonly sid: string | undefined
  readonly subject: string
  readonly accessToken: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly data: unknown
  readonly #parts: SessionParts
  readonly #live: LiveSession

  static {
    // Getters of the prototype: copies of a session and logs do not have them.
    Object.defineProperties(this.prototype, {
      [handleKey]: {
        get(this: BrowserSession) {
          return this.#handle()
        },
      },
      [foundKey]: {
        get(this: BrowserSession): FoundSession {
          return { context: this.#parts.context, live: this.#live }
        },
      },
    })
  }

  constructor(parts: SessionParts, live: LiveSession, expiresAt: number) {
    const { record, tokens } = live
    this.key = record.key
    this.sid = record.sid
    this.subject = record.subject
    this.accessToken = tokens.accessToken
    this.createdAt = record.createdAt
    this.expiresAt = expiresAt
    this.data = live.data
    this.#parts = parts
    this.#live = live
  }

  async refresh(): Promise<Session | undefined> {
    return await this.#parts.findByKey(this.key, { freshAfter: 0 })
  }

  async update(change: (data: unknown) => unknown): Promise<Session | undefined> {
    const { context } = this.#parts
    let live: LiveSession | undefined = this.#live
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const { record } = live
      const version = (record.data?.version ?? 0) + 1
      const { value, sealed } = await sealData(context.keyring, record, version, change(live.data))
      if (await context.store.writeData(record.key, sealed)) {
        context.cache.forget({ key: record.key })
        const written = { ...live, record: { ...record, data: sealed }, data: value }
        return new BrowserSession(this.#parts, written, this.expiresAt)
      }
      // Another request has changed the data since it was read, or the session has ended.
      live = await readLive(context, record.key)
      if (live === undefined) return undefined
    }
    throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'Session data: too many requests change it at once', {
      retryAfter: 1,
      hint: 'Keep what many requests change in a database.',
    })
  }

  #handle(): SessionHandle {
    const { context, findByKey } = this.#parts
    return {
      issuer: context.config.issuer,
      current: async (freshAfter) => await findByKey(this.key, { extend: false, freshAfter }),
      watch: (onNews) => context.watchers.add(this, onNews),
    }
  }
}

/** One of them succeeds each time, so only as many requests at once could use these up. */
const maxAttempts = 100

/**
 * The session that a program passed to a function.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function foundOf(session: unknown, where: string): FoundSession {
  const found =
    typeof session === 'object' && session !== null
      ? (session as { readonly [foundKey]?: FoundSession })[foundKey]
      : undefined
  if (found !== undefined) return found
  throw new CloakwrightError('CW_CONFIG_INVALID', `${where}: its first argument is not a session`, {
    hint: 'Pass the result of sessionOf(request), unless it is undefined.',
  })
}
