import { CloakwrightError } from '../errors.ts'
import type { Session, SessionEngine } from '../session/index.ts'
import type { AccessToken, Verifier } from '../token/index.ts'
import type { Admission } from './admission.ts'
import { type End, ends } from './ends.ts'

/** A response that stays open: a WebSocket, or a stream of events. */
export interface OpenResponse {
  /** Calls back once it is closed, by either side. */
  onClose(callback: () => void): void
  /** Closes it. */
  end(why: End): void
}

/**
 * Closes an open response when its user may no longer have it.
 *
 * @throws {CW_TOKEN_EXPIRED} The token has expired, and was accepted only by the clock tolerance.
 */
export type EndWatch = (
  open: OpenResponse,
  user: AccessToken,
  session: Session | undefined,
  admitAgain: () => Promise<Admission>,
) => void

/** The result of checking an open response: when to check it again, in milliseconds since the epoch, or why it ends. */
type Verdict = number | End

/** What an open response depends on. */
interface Watched {
  readonly open: OpenResponse
  readonly now: () => number
  readonly look: () => Verdict | Promise<Verdict>
  /** Calls back when an early check is needed, for the token of the last check; returns a function that stops it. */
  readonly watch: (onNews: () => void) => () => void
}

/**
 * A token is valid until its `exp` or its revocation. A session outlives its tokens: at the end of each, the handshake is
 * checked again with the session's next token, so that a withdrawn role takes effect here too.
 */
export function createEndWatch(verifier: Verifier, sessions: SessionEngine | undefined): EndWatch {
  const now = (): number => verifier.clock.now()
  const issuerOf = (token: AccessToken): string => String(token.claims['iss'])

  const lookAtToken = (token: AccessToken): Verdict => {
    if (verifier.revocations?.isRevoked(token, issuerOf(token)) === true) return ends.tokenRevoked
    const end = token.expiresAt * 1000
    return end <= now() ? ends.tokenExpired : end
  }
  /** If clocks differ, a session's next token may have expired already: this prevents a loop that reads the row. */
  const nextLook = (end: number): number => Math.max(end, now() + 1000)
  const lookAtSession = async (
    admitAgain: () => Promise<Admission>,
    onUser: (user: AccessToken) => void,
  ): Promise<Verdict> => {
    const admission = await admitAgain()
    if (admission.kind === 'admitted' && admission.user !== undefined) {
      onUser(admission.user)
      return nextLook(Math.min(admission.user.expiresAt * 1000, admission.session?.expiresAt ?? Infinity))
    }
    const status = admission.kind === 'refused' ? admission.answer.status : 401
    return status === 403 ? ends.forbidden : status >= 500 ? ends.unavailable : ends.sessionEnded
  }

  return (open, user, session, admitAgain) => {
    if (user.expiresAt * 1000 <= now()) throw expired()
    let current = user
    const ofToken = (onNews: () => void): (() => void) =>
      verifier.revocations?.watch(current, issuerOf(current), onNews) ?? (() => {})
    if (session === undefined || sessions === undefined) {
      const look = (): Verdict => lookAtToken(user)
      keepOpen({ open, now, look, watch: ofToken }, look())
      return
    }
    const watch = (onNews: () => void): (() => void) => {
      const stops = [ofToken(onNews), sessions.watch(session, onNews)]
      return () => {
        for (const stop of stops) stop()
      }
    }
    const look = (): Promise<Verdict> =>
      lookAtSession(admitAgain, (next) => {
        current = next
      })
    keepOpen({ open, now, watch, look })
  }
}

/** The maximum delay of a timer in Node. */
const longestTimer = 2 ** 31 - 1

function expired(): CloakwrightError {
  return new CloakwrightError(
    'CW_TOKEN_EXPIRED',
    'Token: it has expired (exp), so it cannot open a WebSocket or a stream',
    {
      hint: 'Get a new one: the clock tolerance is for requests only.',
    },
  )
}

/** Without a first result it checks at once: something may have ended, unnoticed, while the policy ran. */
function keepOpen({ open, now, look, watch }: Watched, first?: Verdict): void {
  let timer: NodeJS.Timeout | undefined
  let looks = 0
  let over = false

  const stop = (): void => {
    over = true
    clearTimeout(timer)
    unwatch()
  }
  const follow = (verdict: Verdict): void => {
    if (over) return
    if (typeof verdict !== 'number') {
      stop()
      open.end(verdict)
      return
    }
    clearTimeout(timer)
    const left = Math.min(Math.max(0, verdict - now()), longestTimer)
    timer = setTimeout(() => void lookAgain(), left).unref()
  }
  /** An event during a check causes another check: only the result of the last one counts. */
  const lookAgain = async (): Promise<void> => {
    const mine = ++looks
    const verdict = await Promise.resolve()
      .then(look)
      .catch(() => ends.unavailable)
    if (mine !== looks || over) return
    unwatch()
    unwatch = watch(() => void lookAgain())
    follow(verdict)
  }

  let unwatch = watch(() => void lookAgain())
  open.onClose(stop)
  if (first === undefined) void lookAgain()
  else follow(first)
}
