import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CloakwrightError } from 'cloakwright'
import type { FastifyInstance } from 'fastify'
import { createBoundedServer } from './connections.ts'
import { isLoopback } from './loopback.ts'

/** Where to listen. Default: a free port on 127.0.0.1; with a `port`, on 127.0.0.1 and ::1. */
export interface ListenOptions {
  readonly port?: number
  readonly host?: string | readonly string[]
}

/**
 * Starts to listen on every address; resolves to the base URL.
 *
 * @param isOpen whether addresses beyond loopback are allowed
 * @throws {CW_PORT_TAKEN} another process has the port
 * @throws {CW_CONFIG_INSECURE} an address beyond loopback that is not allowed
 */
export async function listen(app: FastifyInstance, where: ListenOptions, isOpen: boolean): Promise<string> {
  const { port = 0, host = port === 0 ? '127.0.0.1' : ['127.0.0.1', '::1'] } = where
  const [first = '127.0.0.1', ...others] = typeof host === 'string' ? [host] : host
  for (const each of [first, ...others]) {
    if (isOpen || isLoopback(each)) continue
    throw new CloakwrightError(
      'CW_CONFIG_INSECURE',
      `The embedded realm is for loopback only, but its host is ${each}`,
      {
        hint: 'Use the real Keycloak, or pass dangerouslyListenBeyondLoopback: true on a network that you trust.',
      },
    )
  }
  const address = await bind(app, port, first)
  for (const each of others) await bindAlso(app, address.port, each)
  return `http://${first === '::1' ? '[::1]' : first === '127.0.0.1' ? 'localhost' : first}:${address.port}`
}

async function bind(app: FastifyInstance, port: number, host: string): Promise<AddressInfo> {
  try {
    await app.listen({ port, host })
  } catch (error) {
    throw portError(error, port, host)
  }
  return app.server.address() as AddressInfo
}

/** A second address for the same server. It is skipped without an error on a machine without IPv6. */
async function bindAlso(app: FastifyInstance, port: number, host: string): Promise<void> {
  const server = createBoundedServer((request, response) => app.routing(request, response))
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve)
    server.listen({ port, host }, () => resolve(undefined))
  })
  if (failure?.code === 'EADDRNOTAVAIL' || failure?.code === 'EAFNOSUPPORT') return
  if (failure !== undefined) throw portError(failure, port, host)
  secondServers.set(app, [...(secondServers.get(app) ?? []), server])
}

const secondServers = new WeakMap<FastifyInstance, Server[]>()

/** Closes the servers on the additional addresses. */
export async function closeSecondServers(app: FastifyInstance): Promise<void> {
  for (const server of secondServers.get(app) ?? []) {
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
}

function portError(error: unknown, port: number, host: string): unknown {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error
  return new CloakwrightError(
    'CW_PORT_TAKEN',
    `The embedded realm cannot listen on ${host}:${port}: the port is in use`,
    {
      hint: 'Stop the process that uses the port, or choose another port.',
      cause: error,
    },
  )
}
