import { issuerOf, seconds } from '../../context/index.ts'
import { liveSession } from '../sessions.ts'
import type { EndingRequest } from './end-session.ts'

/** A client that the browser logs out, in an invisible frame. */
export interface FrontChannelLogout {
  /** The client's name for users. */
  readonly name: string
  readonly url: string
}

/**
 * The clients of an active session with front-channel logout (OpenID Connect Front-Channel Logout 1.0). As in Keycloak, a
 * disabled client is one of them, a client without a URL is not, and a relative URL is not resolved.
 */
export function frontChannelLogouts(ending: EndingRequest, sessionId: string): FrontChannelLogout[] {
  const { context, request, realm } = ending
  const session = liveSession(realm, sessionId, seconds(context))
  return Object.values(session?.clients ?? {}).flatMap(({ clientId, issuer }) => {
    const client = realm.clients.get(clientId)
    const url = client?.attributes['frontchannel.logout.url']
    if (client === undefined || !client.frontchannelLogout || !url) return []
    const isSessionRequired =
      (client.attributes['frontchannel.logout.session.required'] ?? 'true').toLowerCase() === 'true'
    const parameters = { sid: sessionId, iss: issuer ?? issuerOf(context, request, realm) }
    const name = client.name || client.clientId
    return [{ name, url: isSessionRequired ? withParameters(url, parameters) : url }]
  })
}

function withParameters(url: string, parameters: Record<string, string>): string {
  const hash = url.indexOf('#')
  const address = hash === -1 ? url : url.slice(0, hash)
  const query = new URLSearchParams(parameters).toString()
  return `${address}${address.includes('?') ? '&' : '?'}${query}${hash === -1 ? '' : url.slice(hash)}`
}
