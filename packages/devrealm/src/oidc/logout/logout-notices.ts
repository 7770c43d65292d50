import * as http from 'node:http'
import * as https from 'node:https'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { type RealmContext, seconds } from '../../context/index.ts'
import { type LogoutNotice, logoutToken } from './logout-token.ts'

/** Keycloak's limit for each client, in milliseconds. */
const timeLimit = 5000
/** Clients that are notified at the same time; Keycloak notifies one after the other. */
const concurrency = 20

/** The notices of each request, until its changes are stored. */
const pending = new WeakMap<FastifyRequest, LogoutNotice[]>()

/** Has the client notified when the request succeeds. */
export function addNotice(request: FastifyRequest, notice: LogoutNotice): void {
  pending.set(request, [...(pending.get(request) ?? []), notice])
}

/**
 * Sends the logout tokens of each successful request: after its changes are stored and, as in Keycloak, before its response. A
 * client that fails never fails the logout. Register it after the hook that stores the changes.
 */
export function logoutNotices(app: FastifyInstance, context: RealmContext): void {
  const closing = new AbortController()
  app.addHook('onSend', async (request, reply) => {
    const notices = pending.get(request) ?? []
    pending.delete(request)
    if (notices.length === 0 || reply.statusCode >= 400) return
    const waiting = notices.values()
    const sendSome = async (): Promise<void> => {
      for (const notice of waiting) {
        const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeLimit)])
        await send(notice, seconds(context), signal, request.log)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, sendSome))
  })
  app.addHook('preClose', (done) => {
    closing.abort(new Error('the realm was closed'))
    done()
  })
}

async function send(
  notice: LogoutNotice,
  now: number,
  signal: AbortSignal,
  log: FastifyBaseLogger,
): Promise<void> {
  try {
    const token = await logoutToken(notice, now)
    const status = await post(new URL(notice.url), new URLSearchParams({ logout_token: token }), signal)
    if (status < 200 || status > 299) throw new Error(`it answered ${status}`)
  } catch (error) {
    const reason = signal.aborted ? reasonOf(signal.reason) : reasonOf(error)
    log.warn(
      { realm: notice.realm.info.realm, client: notice.client.clientId, reason },
      'back-channel logout failed: the client must answer its backchannel.logout.url with status 200',
    )
  }
}

/** Sends a form and resolves to the status. Redirects are not followed: the logout token is for this URL only. */
function post(url: URL, form: URLSearchParams, signal: AbortSignal): Promise<number> {
  // Keycloak sends no credentials of the URL.
  url.username = url.password = ''
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      agent: false,
      signal,
    }
    const outgoing = request(url, options, (response) => {
      response.on('error', () => {}).resume()
      resolve(response.statusCode ?? 0)
    })
    outgoing.on('error', reject).end(form.toString())
  })
}

/** Without the URL, which may have a secret. */
function reasonOf(error: unknown): string {
  if ((error as Error).name === 'TimeoutError') return `no response within ${timeLimit / 1000} seconds`
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message
}
