import type { CloakwrightError } from '../errors.ts'
import type { Pages } from '../pages/index.ts'
import type { Keyring } from '../sealing.ts'
import type { SessionStore } from '../state/index.ts'
import type { Revocations } from '../token/index.ts'
import type { SessionConfig } from './config.ts'
import type { Cookies } from './cookies.ts'
import type { Hooks } from './hooks.ts'
import type { Provider } from './provider.ts'
import type { PublicHost } from './public-host.ts'
import type { SessionCache } from './session-cache.ts'
import type { SessionRequest } from './types.ts'
import type { Watchers } from './watchers.ts'

/** Shared by the parts of a session engine. */
export interface SessionContext {
  readonly config: SessionConfig
  readonly cookies: Cookies
  readonly keyring: Keyring
  readonly provider: Provider
  readonly store: SessionStore
  readonly cache: SessionCache
  /** The key of the request's session in the store. */
  readonly keyOf: (request: SessionRequest) => string | undefined
  readonly revocations: Revocations | undefined
  readonly watchers: Watchers
  readonly publicHost: PublicHost
  readonly hooks: Hooks
  readonly pages: Pages
  /** Receives each error that is shown as an error page, for the log. */
  readonly report: (error: CloakwrightError, requestId?: string) => void
}
