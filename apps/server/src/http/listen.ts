import { createServer, type Server } from 'node:http'
import { CloakwrightError } from 'cloakwright'
import type { FastifyInstance } from 'fastify'
import { answerUnreadable } from './unreadable.ts'

/** Milliseconds that pending requests may take after the server was told to stop. */
const drainMs = 5000

/** Milliseconds: ends requests that arrive a byte at a time. A proxy in front may keep its connections open a minute. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 72_000,
}

/** Maximum number of connections from one IP address; more are closed at once. */
const maxConnections = 5_000

/**
 * Listens on one port of every host; by default on loopback, 127.0.0.1 and ::1, of which one may be missing.
 * `app.close()` closes all of them.
 *
 * @throws {CW_PORT_TAKEN} Another process listens there.
 * @throws {CW_CONFIG_INVALID} This machine has no such IP address, or the port needs more rights.
 */
export async function listen(
  app: FastifyInstance,
  port: number,
  hosts: readonly string[] | undefined,
): Promise<void> {
  const servers: Server[] = []
  app.addHook('preClose', async () => {
    await Promise.all(servers.map(drain))
  })
  await app.ready()
  for (const host of hosts ?? ['127.0.0.1', '::1']) {
    const server = createServer(limits, (request, response) => {
      app.routing(request, response)
    })
    server.maxConnections = maxConnections
    server.on('clientError', (error, socket) => answerUnreadable(error, socket, app.log))
    try {
      await open(server, port, host)
      servers.push(server)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const absent = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT'
      if (!absent || hosts !== undefined) throw toListenError(error, port, host)
    }
  }
  if (servers.length === 0) throw toListenError(new Error('no loopback address'), port, '127.0.0.1')
}

function open(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Refuses new connections, lets pending requests finish, then closes the rest. */
function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), drainMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function toListenError(error: unknown, port: number, host: string): CloakwrightError {
  const { code } = error as NodeJS.ErrnoException
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  if (code === 'EADDRINUSE') return portTaken('PORT', port, where)
  if (code === 'EACCES') {
    return new CloakwrightError('CW_CONFIG_INVALID', `PORT: this user may not listen on ${where}`, {
      hint: 'Use a port from 1024 up, and let a proxy listen on the lower one.',
      cause: error,
    })
  }
  return new CloakwrightError(
    'CW_CONFIG_INVALID',
    `HOST: cannot listen on ${where} (${code ?? 'no address'})`,
    {
      hint: "Use one of this machine's IP addresses, or unset HOST to listen on loopback.",
      cause: error,
    },
  )
}

/** The error for a port that another process uses, with the commands that help. */
export function portTaken(variable: string, port: number, where: string): CloakwrightError {
  return new CloakwrightError('CW_PORT_TAKEN', `${variable}: another process already listens on ${where}`, {
    hint: `Stop it (lsof -i :${port} shows it), or use another port, such as ${variable}=${port + 10}.`,
  })
}
