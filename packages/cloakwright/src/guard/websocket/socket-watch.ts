import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloakwrightError } from '../../errors.ts'
import type { Session, SessionEngine } from '../../session/index.ts'
import type { AccessToken, Verifier } from '../../token/index.ts'
import type { Admission } from '../admission.ts'
import type { GuardedRequest } from '../request/index.ts'
import { closeSocket, type SocketEnd, socketEnds } from './close-socket.ts'

/** The result of checking an open socket: when to check it again, in milliseconds since the epoch, or why it ends. */
type Verdict = number | SocketEnd

/** What an open socket depends on. */
interface Watched {
  readonly incoming: IncomingMessage
  readonly connection: Duplex
  readonly now: () => number
  readonly look: () => Verdict | Promise<Verdict>
  /** Calls back when an early check is needed, for the token of the last check; returns a function that stops it. */
  readonly watch: (onNews: () => void) => () => void
}

/**
 * Closes an admitted socket when its user may no longer use it.
 *
 * @throws {CW_TOKEN_EXPIRED} The token has expired, and was accepted only by the clock tolerance.
 */
export type SocketWatch = (
  request: GuardedRequest,
  user: AccessToken,
  session: Session | undefined,
  admitAgain: () => Promise<Admission>,
) => void

/**
 * A token is valid until its `exp` or its revocation. A session outlives its tokens: at the end of each, the handshake is
 * checked again with the session's next token, so that a withdrawn role takes effect here too.
 */
export function createSocketWatch(verifier: Verifier, sessions: SessionEngine | undefined): SocketWatch {
  const now = (): number => verifier.clock.now()
  const issuerOf = (token: AccessToken): string => String(token.claims['iss'])

  const lookAtToken = (token: AccessToken): Verdict => {
    if (verifier.revocations?.isRevoked(token, issuerOf(token)) === true) return socketEnds.tokenRevoked
    const end = token.expiresAt * 1000
    return end <= now() ? socketEnds.tokenExpired : end
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
    return status === 403
      ? socketEnds.forbidden
      : status >= 500
        ? socketEnds.unavailable
        : socketEnds.sessionEnded
  }

  return (request, user, session, admitAgain) => {
    const { incoming, connection } = request
    if (incoming === undefined || connection === undefined || connection.destroyed) return
    if (user.expiresAt * 1000 <= now()) throw expired()
    let current = user
    const ofToken = (onNews: () => void): (() => void) =>
      verifier.revocations?.watch(current, issuerOf(current), onNews) ?? (() => {})
    if (session === undefined || sessions === undefined) {
      const look = (): Verdict => lookAtToken(user)
      keepOpen({ incoming, connection, now, look, watch: ofToken }, look())
      return
    }
    const watch = (onNews: () => void): (() => void) => {
      const ends = [ofToken(onNews), sessions.watch(session, onNews)]
      return () => {
        for (const end of ends) end()
      }
    }
    const look = (): Promise<Verdict> =>
      lookAtSession(admitAgain, (next) => {
        current = next
      })
    keepOpen({ incoming, connection, now, watch, look })
  }
}

/** The maximum delay of a timer in Node. */
const longestTimer = 2 ** 31 - 1

function expired(): CloakwrightError {
  return new CloakwrightError(
    'CW_TOKEN_EXPIRED',
    'Token: it has expired (exp), so it cannot open a WebSocket',
    {
      hint: 'Get a new one: the clock tolerance is for requests only.',
    },
  )
}

/** Without a first result it checks at once: something may have ended, unnoticed, while the policy ran. */
function keepOpen({ incoming, connection, now, look, watch }: Watched, first?: Verdict): void {
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
      closeSocket(incoming, connection, verdict)
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
      .catch(() => socketEnds.unavailable)
    if (mine !== looks || over) return
    unwatch()
    unwatch = watch(() => void lookAgain())
    follow(verdict)
  }

  let unwatch = watch(() => void lookAgain())
  connection.once('close', stop)
  if (first === undefined) void lookAgain()
  else follow(first)
}
