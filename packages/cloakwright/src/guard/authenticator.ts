import { PerRequest } from '../per-request.ts'
import { isPromise } from '../promise.ts'
import type { Session, SessionEngine } from '../session/index.ts'
import {
  type AccessToken,
  type Credentials,
  recheckBy,
  refuseJoined,
  type Verifier,
  verifyAtOnceBy,
} from '../token/index.ts'
import { presentationOf } from './presentation.ts'
import type { GuardedRequest } from './request/index.ts'
import { toSessionRequest } from './session-request.ts'
import type { Tickets } from './websocket/index.ts'

/** Looks at the credentials of requests. */
export interface Judge {
  /**
   * The user of the request's token: at once, and not by a promise, whenever nothing has to be fetched. What had to be
   * waited for is the request's: however many guards it passes, its proof is used once, and the realm asked once.
   */
  verify(request: GuardedRequest, credentials: Credentials): AccessToken | Promise<AccessToken>
  /** The user of a session's token. */
  verifySession(request: GuardedRequest, token: string): AccessToken | Promise<AccessToken>
  /** The request's session, loaded once. */
  session(request: GuardedRequest, sessions: SessionEngine, isUse: boolean): Promise<Session | undefined>
  /** The user of the request's ticket, which is used up once. */
  ticket(request: GuardedRequest, tickets: Tickets, ticket: string): Promise<AccessToken>
}

/** Makes the judge of one verifier; all guards with the same verifier share its verdicts. */
export function createJudge(verifier: Verifier): Judge {
  const { clock, proofs } = verifier
  const verifyAtOnce = verifyAtOnceBy(verifier)
  const proves = proofs.dpop !== undefined || proofs.mtls !== undefined
  const tokens: PerRequest<AccessToken> = verdictsOf(tokensBy, verifier)

  const keep = (request: GuardedRequest, user: Promise<AccessToken>): Promise<AccessToken> => {
    tokens.keep(request.identity, credentialsText(request), user, clock.now())
    return user
  }
  const find = (request: GuardedRequest): Promise<AccessToken> | undefined =>
    tokens.find(request.identity, credentialsText(request), clock.now())

  /** A ticket may be made of a token for others, by another guard with the same keys, or outlast its token. */
  const redeem = async (tickets: Tickets, ticket: string): Promise<AccessToken> =>
    await recheckBy(verifier, await tickets.redeem(ticket))

  return {
    verify(request, credentials) {
      const known = tokens.has(request.identity) ? find(request) : undefined
      if (known !== undefined) return known
      const { scheme, token } = credentials
      let user: AccessToken | Promise<AccessToken>
      try {
        user = verifyAtOnce(token, proves ? presentationOf(request, scheme, proofs) : undefined)
      } catch (error) {
        refuseJoined(credentials)
        throw error
      }
      return isPromise(user) ? keep(request, orRefuseJoined(user, credentials)) : user
    },
    verifySession(request, token) {
      const known = find(request)
      if (known !== undefined) return known
      const user = verifyAtOnce(token)
      return isPromise(user) ? keep(request, user) : user
    },
    session(request, sessions, isUse) {
      const loaded: PerRequest<Session | undefined> = verdictsOf(sessionsBy, sessions)
      const question = credentialsText(request)
      const known = loaded.find(request.identity, question, clock.now())
      if (known !== undefined) return known
      const session = sessions.authenticate(toSessionRequest(request), isUse)
      loaded.keep(request.identity, question, session, clock.now())
      return session
    },
    ticket(request, given, ticket) {
      const redeemed: PerRequest<AccessToken> = verdictsOf(ticketsBy, given)
      const known = redeemed.find(request.identity, ticket, clock.now())
      if (known !== undefined) return known
      const user = redeem(given, ticket)
      redeemed.keep(request.identity, ticket, user, clock.now())
      return user
    },
  }
}

async function orRefuseJoined(user: Promise<AccessToken>, credentials: Credentials): Promise<AccessToken> {
  try {
    return await user
  } catch (error) {
    refuseJoined(credentials)
    throw error
  }
}

const tokensBy = new WeakMap<object, PerRequest<AccessToken>>()
const ticketsBy = new WeakMap<object, PerRequest<AccessToken>>()
const sessionsBy = new WeakMap<object, PerRequest<Session | undefined>>()

function verdictsOf<T>(all: WeakMap<object, PerRequest<T>>, judge: object): PerRequest<T> {
  const verdicts = all.get(judge) ?? new PerRequest<T>()
  all.set(judge, verdicts)
  return verdicts
}

/** A request object that is used again, as tests and pools do, with other credentials is another request. */
function credentialsText(request: GuardedRequest): string {
  return ['authorization', 'dpop', 'cookie'].map((name) => request.fields(name).join('\n')).join('\n')
}
