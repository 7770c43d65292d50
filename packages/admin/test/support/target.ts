import { randomBytes } from 'node:crypto'
import { type Admin, type AdminOptions, createAdmin } from '@cloakwright/admin'
import { vi } from 'vitest'
import { type FaultProxy, openFaultProxy } from './fault-proxy.ts'

/** The realm under test: embedded, or a real Keycloak where `CONFORMANCE_SERVER` names one. */
export interface Target {
  /** In front of the server: every request of these tests goes through it. */
  readonly proxy: FaultProxy
  readonly credentials: { readonly username: string; readonly password: string }
  /** A realm name of this test's own, deleted at the end. */
  realmName(): string
  /** The Admin API by the proxy, as master's administrator. */
  admin(options?: Partial<AdminOptions>): Admin
  close(): Promise<void>
}

export const onKeycloak: boolean = Boolean(process.env['CONFORMANCE_SERVER'])

/**
 * Runs this six seconds later by the system's clock: undoing a job waits five until Keycloak has done what was sent last.
 * The embedded realm has done it by then.
 */
export async function whenSettled<T>(work: () => Promise<T>): Promise<T> {
  if (onKeycloak) return await work()
  const { timeOrigin } = performance
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => timeOrigin + performance.now() + 6_000)
  try {
    return await work()
  } finally {
    clock.mockRestore()
  }
}

/** `features` turns optional ones of the embedded realm on; a real Keycloak has those that it was started with. */
export async function openTarget(features: readonly 'client-secret-rotation'[] = []): Promise<Target> {
  const { CONFORMANCE_SERVER, CONFORMANCE_ADMIN_USERNAME, CONFORMANCE_ADMIN_PASSWORD } = process.env
  const credentials = {
    username: CONFORMANCE_ADMIN_USERNAME ?? 'admin',
    password: CONFORMANCE_ADMIN_PASSWORD ?? 'admin',
  }
  const { address, stop } = CONFORMANCE_SERVER
    ? { address: CONFORMANCE_SERVER, stop: async () => {} }
    : await embedded(credentials, features)
  // Repeated requests wait for a random part of a delay: for none of it, where no Keycloak needs the time.
  const random = onKeycloak ? undefined : vi.spyOn(Math, 'random').mockReturnValue(0)
  const server = address.replace(/\/+$/, '')
  const proxy = await openFaultProxy(server)
  const realms: string[] = []

  return {
    proxy,
    credentials,
    realmName() {
      const name = `admin-${randomBytes(5).toString('hex')}`
      realms.push(name)
      return name
    },
    admin: (options = {}) => createAdmin({ server: proxy.url, credentials, ...options }),
    async close() {
      await proxy.close()
      const { client } = createAdmin({ server, credentials })
      for (const realm of realms) {
        if ((await client.realms.findOne({ realm })) != null) await remove(client, realm)
      }
      await stop()
      random?.mockRestore()
    },
  }
}

/** Keycloak's development database gives up on a deletion while another one holds its locks. */
async function remove({ realms }: Admin['client'], realm: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await realms.del({ realm })
      return
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}

async function embedded(
  admin: { username: string; password: string },
  features: readonly 'client-secret-rotation'[],
): Promise<{ address: string; stop: () => Promise<void> }> {
  const { createDevRealm } = await import('@cloakwright/devrealm')
  const realm = await createDevRealm({ admin, features })
  return { address: await realm.listen({ port: 0, host: '127.0.0.1' }), stop: () => realm.close() }
}
