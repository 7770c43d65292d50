import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloakwrightError } from '../../errors.ts'
import type { Session, SessionEngine } from '../../session/index.ts'
import type { AccessToken, Verifier } from '../../token/index.ts'
import type { Admission } from '../admission.ts'
import type { GuardedRequest } from '../request/index.ts'
import { closeSocket, type SocketEnd, socketEnds } from './close-socket.ts'

/** The verdict on an open socket: when to check it again, in milliseconds since the epoch, or why it ends. */
type Verdict = number | SocketEnd

/** On what an open socket depends. */
interface Watched {
  readonly incoming: IncomingMessage
  readonly connection: Duplex
  readonly now: () => number
  readonly look: () => Verdict | Promise<Verdict>
  /** Calls back when a look is due before its time, of the token that the last look found; returns what ends it. */
  readonly watch: (onNews: () => void) => () => void
}

/**
 * Ends the socket that a guard lets in, when its user may no longer use it.
 *
 * @throws {CW_TOKEN_EXPIRED} The token is over, and was let in by the tolerance of clocks only.
 */
export type SocketWatch = (
  request: GuardedRequest,
  user: AccessToken,
  session: Session | undefined,
  admitAgain: () => Promise<Admission>,
) => void

/**
 * A token lasts until its `exp` or its revocation. A session outlasts its tokens: at the end of each, the handshake is
 * checked again with the session's next token, so that a role that was taken away counts here too.
 */
export function createSocketWatch(verifier: Verifier, sessions: SessionEngine | undefined): SocketWatch {
  const now = (): number => verifier.clock.now()
  const issuerOf = (token: AccessToken): string => String(token.claims['iss'])

  const lookAtToken = (token: AccessToken): Verdict => {
    if (verifier.revocations?.isRevoked(token, issuerOf(token)) === true) return socketEnds.tokenRevoked
    const end = token.expiresAt * 1000
    return end <= now() ? socketEnds.tokenExpired : end
  }
  /** With clocks that differ a session's next token may be over already: no row is read in a loop for it. */
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

/** The longest time that a timer of Node can wait. */
const longestTimer = 2 ** 31 - 1

function expired(): CloakwrightError {
  return new CloakwrightError('CW_TOKEN_EXPIRED', 'Token: no time is left of it for a WebSocket (exp)', {
    hint: 'Get a new one: the tolerance of clocks is for requests only.',
  })
}

/** Without a first verdict it looks at once: what ended while the policy was asked, nobody has heard of. */
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
  /** News during a look ask for another one: only what the latest look found counts. */
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
