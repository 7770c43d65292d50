import KcAdminClient from '@keycloak/keycloak-admin-client'
import { type Reply, type Send, send } from './http.ts'
import type { Target } from './target.ts'

/** The Admin API as the administrator of master: raw requests and the official client, with a token that is renewed in time. */
export interface AdminApi {
  readonly client: KcAdminClient
  /** A request to a path below /admin/realms, with the administrator's token. */
  request(path: string, request?: Send): Promise<Reply>
  token(): Promise<string>
  /** Drops the token: a token from before the creation of a realm has no roles there. */
  renew(): void
}

/** Seconds before expiry at which a token is renewed. */
const marginS = 20

/** Opens the Admin API of this target; the client uses this realm. */
export function openAdmin({ server, admin }: Target, realm: string): AdminApi {
  let current: { token: string; until: number } | undefined
  const renew = () => {
    current = undefined
  }
  const token = async (): Promise<string> => {
    if (current && Date.now() < current.until) return current.token
    const form = { grant_type: 'password', client_id: 'admin-cli', ...admin }
    const reply = await send(`${server}/realms/master/protocol/openid-connect/token`, { form })
    const { access_token, expires_in } = reply.json()
    if (!access_token) throw new Error(`the administrator could not sign in: ${reply.status} ${reply.text}`)
    current = { token: access_token, until: Date.now() + (expires_in - marginS) * 1000 }
    return access_token
  }
  const client = new KcAdminClient({ baseUrl: server, realmName: realm })
  client.registerTokenProvider({ getAccessToken: token })
  const request = async (path: string, options: Send = {}): Promise<Reply> =>
    send(`${server}/admin/realms${path}`, { bearer: await token(), ...options })
  return { client, request, token, renew }
}
