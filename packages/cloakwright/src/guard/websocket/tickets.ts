import { systemTime } from '../../clock.ts'
import { CloakwrightError } from '../../errors.ts'
import { number } from '../../numbers.ts'
import { createKeyring, randomToken, type SessionKeys, sha256 } from '../../sealing.ts'
import type { ReplayStore } from '../../state/index.ts'
import { type AccessToken, isFake, readToken, writeToken } from '../../token/index.ts'
import type { GuardedRequest } from '../request/index.ts'

/** What tickets are made of. */
export interface TicketsOptions {
  /** The first key encrypts, all decrypt; the same on every replica. Those of the sessions will do. */
  readonly keys: SessionKeys
  /** Remembers the used ones: `postgresReplayStore`, or a session store; `memoryReplayStore` for a single replica. */
  readonly replay: ReplayStore
  /** Seconds in which a ticket has to be used, 1–300; 30 by default. */
  readonly lifetime?: number | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
}

/** One-time tickets by which a page of a browser opens a WebSocket, since it can't send an Authorization header. */
export interface Tickets {
  /**
   * Makes a ticket for the user of a request that a guard let in; it goes into the address: `wss://…?ticket=…`.
   *
   * @throws {CW_CONFIG_INVALID} A token of `fakeAccessToken()`.
   */
  issue(user: AccessToken): Promise<string>
  /**
   * Uses a ticket up: resolves to the user whom it was made for.
   *
   * @throws {CW_TICKET_INVALID} Expired, used before, or none of these keys.
   * @throws {CW_STATE_UNAVAILABLE} The replay store can't be asked.
   */
  redeem(ticket: string): Promise<AccessToken>
}

interface Sealed {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly token: string
}

const binding = ['websocket ticket']

/**
 * Makes one-time tickets for WebSockets of pages that hold a bearer token: the page asks an endpoint that a guard protects
 * for one, and opens the socket with it. A ticket is the verified token’s claims, encrypted: it needs no table, and says
 * nothing in a log. It opens one socket, which ends with the token. The guard checks the claims again by its own verifier,
 * so that a ticket of another service with the same keys opens nothing here.
 *
 * @throws {CW_CONFIG_MISSING} No key.
 * @throws {CW_CONFIG_INVALID} A key that is not 32 bytes long; a `lifetime` out of its bounds.
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright, requireUser, userOf } from 'cloakwright/express'
 * import { fromPool, postgresReplayStore } from 'cloakwright/state'
 * import { createTickets, createUpgradeGuard } from 'cloakwright/websocket'
 * import express from 'express'
 * import pg from 'pg'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * const tickets = createTickets({
 *   keys: [{ id: 'k1', key: Buffer.from(process.env['TICKET_KEY'] ?? '', 'base64') }],
 *   replay: postgresReplayStore(fromPool(new pg.Pool())),
 * })
 * const app = express()
 * app.use(cloakwright({ verifier }))
 * app.post('/ticket', requireUser(), async (request, response) => {
 *   response.set('cache-control', 'no-store').json({ ticket: await tickets.issue(userOf(request)) })
 * })
 * const guard = createUpgradeGuard({ verifier, tickets })
 * createServer(app).on('upgrade', async (request, socket) => {
 *   const user = await guard(request, socket)
 *   if (user !== undefined) console.log(`let in: ${user.username}`)
 * })
 * ```
 */
export function createTickets(options: TicketsOptions): Tickets {
  const { replay, now = systemTime } = options
  const keyring = createKeyring(options.keys)
  const lifetime = number('lifetime', options.lifetime, 30, 1, 300) * 1000
  return {
    async issue(user) {
      if (isFake(user))
        throw new CloakwrightError('CW_CONFIG_INVALID', 'Ticket: of a token of fakeAccessToken()', {
          hint: 'Make tickets of tokens that a guard let in; test them with tokens of the embedded realm.',
        })
      const content: Sealed = { id: randomToken(), until: now() + lifetime, token: writeToken(user) }
      const { keyId, sealed } = await keyring.seal(JSON.stringify(content), binding)
      return `${keyId}.${Buffer.from(sealed).toString('base64url')}`
    },
    async redeem(ticket) {
      const [keyId = '', sealed = ''] = ticket.split('.')
      const text = await keyring.open({ keyId, sealed: Buffer.from(sealed, 'base64url') }, binding)
      if (text === undefined) throw invalid('it was changed, or made with other keys')
      const { id, until, token } = JSON.parse(text) as Sealed
      const time = now()
      if (until <= time) throw invalid('it has expired')
      if (!(await replay.useOnce(`ticket:${sha256(id)}`, until, time))) throw invalid('it was used before')
      return readToken(token)
    },
  }
}

/** The ticket in the request's address. */
export function ticketOf({ target }: GuardedRequest): string | undefined {
  const query = target.indexOf('?')
  return (query === -1 ? null : new URLSearchParams(target.slice(query + 1)).get('ticket')) ?? undefined
}

function invalid(why: string): CloakwrightError {
  return new CloakwrightError('CW_TICKET_INVALID', `Ticket: ${why}`, {
    hint: 'Ask for a new one before each handshake; replicas share the keys and the replay store.',
  })
}
