import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Policy, role } from 'cloakwright'
import { closeOnEnd, createUpgradeGuard, type UpgradeGuardOptions } from 'cloakwright/websocket'
import { onTestFinished, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'

/** A service whose WebSockets echo messages, as long as their user may use them. */
export interface SocketService {
  readonly port: number
  /** Messages from clients, in order. */
  readonly heard: string[]
  /** The close codes that the service's library received. */
  readonly closed: number[]
}

export interface SocketServiceOptions extends UpgradeGuardOptions {
  /** The policy of every socket; by default the role `user` below `/user`. */
  readonly policy?: Policy
  /** Whether the library closes the socket. */
  readonly closesByLibrary?: boolean
  /** Runs between the guard's decision and the response to the handshake. */
  readonly beforeAnswer?: () => Promise<void>
}

export async function startSocketService(options: SocketServiceOptions): Promise<SocketService> {
  const guard = createUpgradeGuard(options)
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0 } })
  const server: Server = createServer((_request, response) => response.end('plain'))
  const heard: string[] = []
  const closed: number[] = []
  const upgrade = async (request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> => {
    const user = await guard(
      request,
      socket,
      options.policy ?? (request.url?.startsWith('/user') === true ? role('user') : undefined),
    )
    if (user === undefined) return
    await options.beforeAnswer?.()
    sockets.handleUpgrade(request, socket, head, (ws) => {
      if (options.closesByLibrary === true) closeOnEnd(ws, request)
      ws.on('message', (data: Buffer) => {
        heard.push(data.toString())
        ws.send(data)
      })
      ws.on('close', (code) => closed.push(code))
      ws.send(`hello ${user.username}`)
    })
  }
  server.on('upgrade', (request, socket: Socket, head) => void upgrade(request, socket, head))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, heard, closed }
}

/** A client's WebSocket, and how it ended. */
export interface OpenSocket {
  readonly ws: WebSocket
  readonly greeting: string
  /** Resolves to the code and the reason of the end. */
  readonly end: Promise<readonly [code: number, reason: string]>
}

/** The plain HTTP response to the handshake. */
export interface Refusal {
  readonly status: number | undefined
  readonly code: unknown
}

/** Opens a WebSocket and waits for its greeting. */
export async function openSocket(
  port: number,
  headers: Record<string, string>,
  path = '/',
): Promise<OpenSocket> {
  const result = await handshake(port, headers, path)
  if ('ws' in result) return result
  throw new Error(`refused with ${result.status} ${String(result.code)}`)
}

/** The status and code of a refused handshake; fails if it is admitted. */
export async function refusalOf(port: number, headers: Record<string, string>, path = '/'): Promise<Refusal> {
  const result = await handshake(port, headers, path)
  if (!('ws' in result)) return result
  result.ws.terminate()
  throw new Error('let in')
}

function handshake(
  port: number,
  headers: Record<string, string>,
  path: string,
): Promise<OpenSocket | Refusal> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
    const end = new Promise<readonly [number, string]>((ended) =>
      ws.on('close', (code, reason) => ended([code, reason.toString()])),
    )
    ws.once('message', (data: Buffer) => resolve({ ws, greeting: data.toString(), end }))
    ws.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (data) => (body += String(data)))
      response.on('end', () => {
        const { code } = JSON.parse(body) as { readonly code: unknown }
        resolve({ status: response.statusCode, code })
      })
    })
    ws.on('error', reject)
    ws.once('close', (code) => reject(new Error(`closed with ${code}`)))
  })
}

/** The echo of the socket. */
export function echo(ws: WebSocket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    ws.once('message', (data: Buffer) => resolve(data.toString()))
    ws.once('close', (code) => reject(new Error(`closed with ${code}`)))
    ws.send(text)
  })
}

/** Lets a test move the clock forward, including timers; network traffic takes real time. */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

/** Resolves once the condition holds; checks it after each turn of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
