import type { RealmStore } from '../store/index.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { dropOldest } from './drop-oldest.ts'
import { randomToken } from './random-token.ts'

/** One browser tab during a login. */
export interface LoginTab {
  readonly id: string
  readonly request: AuthorizationRequest
  readonly expiresAt: number
  /** Binds the next form post to the last page shown. */
  sessionCode: string
  /** The step of the page: `password`, `otp`, or a required action. */
  step: string
  /** The user after the right password, or during re-authentication. */
  userId?: string
  /** Whether this is a re-authentication. */
  isReauthentication: boolean
  readonly notes: Record<string, string>
}

/** All tabs of one browser, identified by the cookie AUTH_SESSION_ID. */
export interface LoginSession {
  readonly id: string
  readonly realmId: string
  readonly tabs: Map<string, LoginTab>
  expiresAt: number
}

const maxSessions = 10_000
const maxTabs = 50

/** The pending logins. */
export class LoginSessions {
  readonly #sessions = new Map<string, LoginSession>()

  get(realm: RealmStore, id: string | undefined, now: number): LoginSession | undefined {
    const session = id === undefined ? undefined : this.#sessions.get(id)
    if (session === undefined || session.realmId !== realm.info.id || session.expiresAt < now)
      return undefined
    return session
  }

  /** Opens a tab in the browser's login session, creating the session if there is none. */
  openTab(
    realm: RealmStore,
    session: LoginSession | undefined,
    request: AuthorizationRequest,
    now: number,
  ): { session: LoginSession; tab: LoginTab } {
    const expiresAt = now + realm.info.accessCodeLifespanLogin * 1000
    const owner = session ?? {
      id: randomToken(24),
      realmId: realm.info.id,
      tabs: new Map<string, LoginTab>(),
      expiresAt,
    }
    owner.expiresAt = expiresAt
    this.#sessions.delete(owner.id)
    this.#sessions.set(owner.id, owner)
    const tab: LoginTab = {
      id: randomToken(8),
      request,
      expiresAt,
      sessionCode: randomToken(32),
      step: 'password',
      isReauthentication: false,
      notes: {},
    }
    owner.tabs.set(tab.id, tab)
    dropOldest(owner.tabs, maxTabs)
    dropOldest(this.#sessions, maxSessions)
    return { session: owner, tab }
  }

  /** Removes the login when it is done; the next login of the browser gets a new one. */
  close(session: LoginSession): void {
    this.#sessions.delete(session.id)
  }
}
