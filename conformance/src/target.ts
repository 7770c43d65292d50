/** The server under test: the embedded realm in this process, or a real Keycloak by its URL. */
export interface Target {
  readonly kind: 'embedded' | 'keycloak'
  /** Base URL without a trailing slash. */
  readonly server: string
  readonly admin: { readonly username: string; readonly password: string }
  close(): Promise<void>
}

/** True when the suite runs on a real Keycloak. */
export const onKeycloak: boolean = Boolean(process.env['CONFORMANCE_SERVER'])

/**
 * Opens the target from the environment: `CONFORMANCE_SERVER` (with `CONFORMANCE_ADMIN_USERNAME` and
 * `CONFORMANCE_ADMIN_PASSWORD`, admin/admin by default) or, when that is unset, the embedded realm on a free port of the
 * loopback interface.
 */
export async function openTarget(): Promise<Target> {
  const { CONFORMANCE_SERVER: server, CONFORMANCE_ADMIN_USERNAME, CONFORMANCE_ADMIN_PASSWORD } = process.env
  const admin = {
    username: CONFORMANCE_ADMIN_USERNAME ?? 'admin',
    password: CONFORMANCE_ADMIN_PASSWORD ?? 'admin',
  }
  if (server) return { kind: 'keycloak', server: server.replace(/\/+$/, ''), admin, close: async () => {} }

  const { createDevRealm } = await import('@cloakwright/devrealm')
  const embedded = await createDevRealm({ admin, features: ['client-secret-rotation'] })
  const address = await embedded.listen({ port: 0, host: '127.0.0.1' })
  return { kind: 'embedded', server: address.replace(/\/+$/, ''), admin, close: () => embedded.close() }
}
