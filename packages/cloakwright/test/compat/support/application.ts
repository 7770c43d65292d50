import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Keycloak from 'cloakwright/keycloak-connect'
import type { Express, Request } from 'express'

/** `keycloak.json` of the test issuer's realm. */
export function configOf(issuer: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  const server = issuer.replace('/realms/shop', '/')
  return { realm: 'shop', 'auth-server-url': server, resource: 'shop-api', 'bearer-only': true, ...change }
}

export interface Served {
  readonly port: number
  get(path: string, headers?: Record<string, string>): Promise<Response>
}

const running: Server[] = []

/** Serves an application on loopback until {@link closeAll}. */
export async function serve(app: Express): Promise<Served> {
  const server = app.listen(0, '127.0.0.1')
  running.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    get: (path, headers = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' }),
  }
}

export async function closeAll(): Promise<void> {
  for (const server of running.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

export function grantOf(request: Request): Keycloak.Grant | undefined {
  return (request as { kauth?: Keycloak.Kauth }).kauth?.grant
}
