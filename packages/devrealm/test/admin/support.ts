import KcAdminClient from '@keycloak/keycloak-admin-client'
import { createDevRealm, type DevRealm, type DevRealmOptions } from '../../src/index.ts'

export interface Reply {
  readonly status: number
  readonly text: string
  readonly location: string | null
}

/** An embedded realm that listens, with the official client for it and plain requests. */
export interface AdminTarget {
  readonly devRealm: DevRealm
  readonly server: string
  readonly admin: KcAdminClient
  /** Sends a request below `/admin/realms`; without a token it is the administrator's. */
  send(method: string, path: string, body?: unknown, options?: SendOptions): Promise<Reply>
  close(): Promise<void>
}

export interface SendOptions {
  readonly token?: string
  readonly contentType?: string
}

/** Opens a fresh embedded server with one more realm. */
export async function openAdmin(realm = 'demo', options: DevRealmOptions = {}): Promise<AdminTarget> {
  const devRealm = await createDevRealm(options)
  const server = await devRealm.listen()
  const admin = new KcAdminClient({ baseUrl: server, realmName: 'master' })
  await admin.auth({ grantType: 'password', clientId: 'admin-cli', username: 'admin', password: 'admin' })
  await admin.realms.create({ realm, enabled: true })
  admin.setConfig({ realmName: realm })
  const send: AdminTarget['send'] = async (method, path, body, options = {}) => {
    const response = await fetch(`${server}/admin/realms${path}`, {
      method,
      headers: {
        authorization: `Bearer ${options.token ?? admin.accessToken}`,
        ...(body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return {
      status: response.status,
      text: await response.text(),
      location: response.headers.get('location'),
    }
  }
  return { devRealm, server, admin, send, close: () => devRealm.close() }
}

/** An access token from the password grant. */
export async function passwordToken(
  server: string,
  realm: string,
  form: Record<string, string>,
): Promise<string> {
  const response = await fetch(`${server}/realms/${realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', ...form }),
  })
  const body = (await response.json()) as { access_token?: string }
  if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`)
  return body.access_token
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}
