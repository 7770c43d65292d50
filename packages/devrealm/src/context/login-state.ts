import { randomBytes, randomUUID } from 'node:crypto'
import type { AuthorizationRequest } from '../login/authorization-request.ts'
import type { RealmStore } from '../store/realm-store.ts'

/** What an authorization code stands for. */
export interface AuthorizationCode {
  readonly realmId: string
  readonly sessionId: string
  /** The client's id. */
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly acr: string
  readonly nonce: string | undefined
  readonly challenge: string | undefined
  readonly challengeMethod: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** One browser tab on its way through a login. */
export interface LoginTab {
  readonly id: string
  readonly request: AuthorizationRequest
  readonly expiresAt: number
  /** Binds the next form post to the page that was shown last. */
  sessionCode: string
  /** The step that the page shows: `password`, `otp`, or a required action. */
  step: string
  /** The user, once the password was right, or while one who is logged in proves it again. */
  userId?: string
  /** Whether the user proves a login that exists. */
  isReauthentication: boolean
  readonly notes: Record<string, string>
}

/** All tabs of one browser: what the cookie AUTH_SESSION_ID names. */
export interface LoginSession {
  readonly id: string
  readonly realmId: string
  readonly tabs: Map<string, LoginTab>
  expiresAt: number
}

/** A logout that waits for the user's confirmation. */
export interface LogoutTab {
  readonly id: string
  readonly sessionCode: string
  readonly clientId: string
  /** The login that ends; only its own browser can confirm. */
  readonly sessionId: string | undefined
  readonly redirectUri: string | undefined
  readonly state: string | undefined
  readonly expiresAt: number
}

/** Failed logins of one user, for the lock-out. Times are milliseconds since the epoch. */
export interface LoginFailures {
  count: number
  temporaryLockouts: number
  lastFailure: number
  lastIp: string
  notBefore: number
}

const maxSessions = 10_000
const maxTabs = 50
const maxCodes = 10_000
/** A used code is remembered this long, to revoke what it gave when it comes again. */
const usedCodeMemory = 10 * 60_000

/** Logins under way, authorization codes and failed logins. All of it is short-lived, and kept in memory only. */
export class LoginState {
  readonly #sessions = new Map<string, LoginSession>()
  readonly #logouts = new Map<string, LogoutTab>()
  readonly #codes = new Map<string, { code: AuthorizationCode; used: boolean }>()
  readonly #failures = new Map<string, LoginFailures>()
  readonly #spentOtps = new Map<string, number>()

  session(realm: RealmStore, id: string | undefined, now: number): LoginSession | undefined {
    const session = id === undefined ? undefined : this.#sessions.get(id)
    if (session === undefined || session.realmId !== realm.info.id || session.expiresAt < now)
      return undefined
    return session
  }

  /** Opens a tab in the browser's login session, which is made when there is none. */
  openTab(
    realm: RealmStore,
    session: LoginSession | undefined,
    request: AuthorizationRequest,
    now: number,
  ): { session: LoginSession; tab: LoginTab } {
    const expiresAt = now + realm.info.accessCodeLifespanLogin * 1000
    const owner = session ?? {
      id: token(24),
      realmId: realm.info.id,
      tabs: new Map<string, LoginTab>(),
      expiresAt,
    }
    owner.expiresAt = expiresAt
    this.#sessions.delete(owner.id)
    this.#sessions.set(owner.id, owner)
    const tab: LoginTab = {
      id: token(8),
      request,
      expiresAt,
      sessionCode: token(32),
      step: 'password',
      isReauthentication: false,
      notes: {},
    }
    owner.tabs.set(tab.id, tab)
    dropOldest(owner.tabs, maxTabs)
    dropOldest(this.#sessions, maxSessions)
    return { session: owner, tab }
  }

  /** Forgets the login once it is done; the browser gets a new one for the next. */
  closeSession(session: LoginSession): void {
    this.#sessions.delete(session.id)
  }

  openLogout(logout: Omit<LogoutTab, 'id' | 'sessionCode'>): LogoutTab {
    const tab = { ...logout, id: token(8), sessionCode: token(32) }
    this.#logouts.set(tab.id, tab)
    dropOldest(this.#logouts, maxSessions)
    return tab
  }

  /** Takes a logout that waits, if the code is its own. */
  takeLogout(id: string | undefined, sessionCode: string | undefined, now: number): LogoutTab | undefined {
    const tab = id === undefined ? undefined : this.#logouts.get(id)
    if (tab === undefined || tab.sessionCode !== sessionCode || tab.expiresAt < now) return undefined
    this.#logouts.delete(tab.id)
    return tab
  }

  /** Makes a code, in Keycloak's form: a random part, the session, the client. */
  issueCode(code: AuthorizationCode): string {
    const text = `${randomUUID()}.${code.sessionId}.${code.clientId}`
    this.#codes.set(text, { code, used: false })
    dropOldest(this.#codes, maxCodes)
    return text
  }

  /** Takes a code: it is good once. */
  takeCode(
    realm: RealmStore,
    text: string,
    now: number,
  ): { code: AuthorizationCode; state: 'fresh' | 'used' | 'expired' } | undefined {
    const entry = this.#codes.get(text)
    if (entry === undefined || entry.code.realmId !== realm.info.id) return undefined
    const { code, used } = entry
    if (now > code.expiresAt + usedCodeMemory) {
      this.#codes.delete(text)
      return undefined
    }
    entry.used = true
    if (used) return { code, state: 'used' }
    return { code, state: now > code.expiresAt ? 'expired' : 'fresh' }
  }

  /** Notes that a one-time code was used; false when it was before. */
  spendOtp(key: string, now: number): boolean {
    if (this.#spentOtps.has(key)) return false
    this.#spentOtps.set(key, now)
    dropOldest(this.#spentOtps, maxSessions)
    return true
  }

  /** The user's failed logins. */
  failures(userId: string): LoginFailures | undefined {
    return this.#failures.get(userId)
  }

  setFailures(userId: string, failures: LoginFailures): void {
    this.#failures.set(userId, failures)
  }

  clearFailures(userId: string): void {
    this.#failures.delete(userId)
  }
}

/** Random text of so many bytes. */
export function token(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return
    map.delete(key)
  }
}
