import { systemTime } from '../../clock.ts'
import { CloakwrightError } from '../../errors.ts'
import { number } from '../../numbers.ts'
import { createKeyring, randomToken, type SessionKeys, sha256 } from '../../sealing.ts'
import type { ReplayStore } from '../../state/index.ts'
import { type AccessToken, isFake, readToken, writeToken } from '../../token/index.ts'
import type { GuardedRequest } from '../request/index.ts'

/** The options of tickets. */
export interface TicketsOptions {
  /** The first key encrypts, all decrypt; the same on every replica. The keys of the sessions can be used. */
  readonly keys: SessionKeys
  /** Remembers used tickets: `postgresReplayStore`, or a session store; `memoryReplayStore` for a single replica. */
  readonly replay: ReplayStore
  /** Seconds within which a ticket must be used, 1–300; 30 by default. */
  readonly lifetime?: number | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
}

/** One-time tickets with which a browser page opens a WebSocket, since it cannot send an Authorization header. */
export interface Tickets {
  /**
   * Creates a ticket for the user of a request that a guard admitted, for use in the URL: `wss://…?ticket=…`.
   *
   * @throws {CW_CONFIG_INVALID} A token of `fakeAccessToken()`.
   */
  issue(user: AccessToken): Promise<string>
  /**
   * Uses up a ticket: resolves to the user for whom it was created.
   *
   * @throws {CW_TICKET_INVALID} Expired, used before, or created with other keys.
   * @throws {CW_STATE_UNAVAILABLE} The replay store cannot be reached.
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
 * Creates one-time tickets for WebSockets of pages that have a bearer token: the page requests one from an endpoint
 * that a guard protects, and opens the socket with it. A ticket is the verified token’s claims, encrypted: it needs no
 * table, and is safe in a log. It opens one socket, which ends with the token. The guard checks the claims again with
 * its own verifier, so a ticket of another service with the same keys opens nothing here.
 *
 * @throws {CW_CONFIG_MISSING} No key.
 * @throws {CW_CONFIG_INVALID} A key is not 32 bytes long, or `lifetime` is out of range.
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
 *   if (user !== undefined) console.log(`admitted: ${user.username}`)
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
        throw new CloakwrightError('CW_CONFIG_INVALID', 'Ticket: created from a token of fakeAccessToken()', {
          hint: 'Create tickets from tokens that a guard admitted, and test them with tokens of the embedded realm.',
        })
      const content: Sealed = { id: randomToken(), until: now() + lifetime, token: writeToken(user) }
      const { keyId, sealed } = await keyring.seal(JSON.stringify(content), binding)
      return `${keyId}.${Buffer.from(sealed).toString('base64url')}`
    },
    async redeem(ticket) {
      const [keyId = '', sealed = ''] = ticket.split('.')
      const text = await keyring.open({ keyId, sealed: Buffer.from(sealed, 'base64url') }, binding)
      if (text === undefined) throw invalid('it was changed, or created with other keys')
      const { id, until, token } = JSON.parse(text) as Sealed
      const time = now()
      if (until <= time) throw invalid('it has expired')
      if (!(await replay.useOnce(`ticket:${sha256(id)}`, until, time))) throw invalid('it was used before')
      return readToken(token)
    },
  }
}

/** The ticket in the request's URL. */
export function ticketOf({ target }: GuardedRequest): string | undefined {
  const query = target.indexOf('?')
  return (query === -1 ? null : new URLSearchParams(target.slice(query + 1)).get('ticket')) ?? undefined
}

function invalid(why: string): CloakwrightError {
  return new CloakwrightError('CW_TICKET_INVALID', `Ticket: ${why}`, {
    hint: 'Request a new one before each handshake. Replicas must share the keys and the replay store.',
  })
}
