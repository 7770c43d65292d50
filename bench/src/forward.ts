import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { freePort } from '../../scripts/lib/ports.mjs'
import { type AppProcess, startApp } from './app-process.ts'
import { openLoad } from './load.ts'
import { bound, boundHead, median, printTable } from './report.ts'
import { startSessionRealm } from './session-realm.ts'
import type { Stoppable } from './session-setting.ts'
import { inTurns, medianOf, medianRatio } from './turns.ts'

const frameworks = ['express', 'fastify', 'hono'] as const
const rounds = 31
const milliseconds = 300
const warmUpMilliseconds = 2_000
const connections = 32
/** The rate of a bare proxy with the same HTTP client is 1. */
const rateLimit = 0.8
/** A client and a server of Node need these megabytes for buffers; the body is 16 times as large. */
const growthLimit = 64
const gigabyte = 1024 ** 3
const megabyte = 1024 ** 2

/**
 * Requests through `forward()`, with a session and its checks, against a bare proxy with the same HTTP client in the same
 * application; then a gigabyte in each direction, with the memory of the process.
 */
export async function benchForward(): Promise<boolean> {
  const started: Stoppable[] = []
  const keep = <Part extends Stoppable>(part: Part): Part => {
    started.push(part)
    return part
  }
  try {
    const ports = new Map<string, number>()
    for (const framework of frameworks) ports.set(framework, await freePort())
    const originOf = (framework: string): string => `http://127.0.0.1:${ports.get(framework)}`
    const realm = keep(await startSessionRealm(frameworks.map(originOf), 1))
    const upstream = keep(await startApp('forward-upstream', realm.issuer))
    const rates: string[][] = []
    const memory: string[][] = []
    const limits: string[][] = []
    for (const framework of frameworks) {
      const app = keep(
        await startApp(`forward-${framework}`, realm.issuer, {
          PORT: String(ports.get(framework)),
          PUBLIC_URL: originOf(framework),
          CLIENT_ID: realm.clientId,
          CLIENT_SECRET: realm.clientSecret,
          SECRET: randomBytes(32).toString('base64url'),
          UPSTREAM: upstream.origin,
        }),
      )
      const cookie = await realm.signIn(`${app.origin}/auth/login?returnTo=/api/list`, 0)
      const { rows, ratio } = await measureRates(framework, app, cookie)
      rates.push(...rows)
      limits.push(bound(`${framework}: forwarded ÷ bare`, ratio, 'at least', rateLimit, 2))
      for (const direction of ['download', 'upload'] as const) {
        const { growth, perSecond } = await measureMemory(app, cookie, direction)
        memory.push([`${framework}, ${direction}`, growth.toFixed(0), perSecond.toFixed(0)])
        limits.push(bound(`${framework}, ${direction} of 1 GB: MB more`, growth, 'at most', growthLimit, 0))
      }
      await app.stop()
    }
    printTable(
      `Forwarded requests (medians of ${rounds} rounds of ${milliseconds} ms; ${connections} connections; a list of 700 bytes)`,
      [['', 'requests/s', 'ratio'], ...rates],
    )
    printTable('A gigabyte through the service', [['', 'MB more than before', 'MB/s'], ...memory])
    return printTable('Limits', [boundHead, ...limits])
  } finally {
    for (const part of started.reverse()) await part.stop()
  }
}

async function measureRates(
  framework: string,
  { origin }: AppProcess,
  cookie: string,
): Promise<{ readonly rows: string[][]; readonly ratio: number }> {
  const authorization = await (await fetch(`${origin}/api/token`, { headers: { cookie } })).text()
  const withCookie = await openLoad(origin, connections, 'Cookie: ')
  const withToken = await openLoad(origin, connections, 'Authorization: ')
  const paths = ['/bare/list', '/bare-again/list', '/api/list']
  // The other service needs the token: to a bare proxy, the client sends it.
  const rate = async (path: string, duration: number): Promise<number> => {
    const isForwarded = path.startsWith('/api')
    const load = isForwarded ? withCookie : withToken
    const { answers, seconds } = await load.run(path, () => (isForwarded ? cookie : authorization), duration)
    return answers / seconds
  }
  try {
    for (const path of paths) await rate(path, warmUpMilliseconds)
    const targets = paths.map((path) => ({ name: path, measure: () => rate(path, milliseconds) }))
    const [bare = [], again = [], forwarded = []] = await inTurns(framework, targets, rounds)
    const row = (name: string, values: readonly number[]): string[] => [
      `${framework}, ${name}`,
      medianOf(values).toFixed(0),
      medianRatio(values, bare).toFixed(2),
    ]
    const ratio = medianRatio(forwarded, bare)
    return {
      rows: [row('bare', bare), row('bare again (null test)', again), row('forward()', forwarded)],
      ratio,
    }
  } finally {
    withCookie.close()
    withToken.close()
  }
}

/** Sends or receives a gigabyte, and compares the largest memory of the process with that before. */
async function measureMemory(
  app: AppProcess,
  cookie: string,
  direction: 'download' | 'upload',
): Promise<{ readonly growth: number; readonly perSecond: number }> {
  await transfer(app.origin, cookie, direction, 64 * megabyte)
  const before = median([await app.memory(), await app.memory(), await app.memory()])
  let most = before
  let running = true
  const watched = (async () => {
    while (running) most = Math.max(most, await app.memory())
  })()
  const start = performance.now()
  await transfer(app.origin, cookie, direction, gigabyte)
  const seconds = (performance.now() - start) / 1000
  running = false
  await watched
  return { growth: (most - before) / megabyte, perSecond: gigabyte / megabyte / seconds }
}

async function transfer(
  origin: string,
  cookie: string,
  direction: 'download' | 'upload',
  bytes: number,
): Promise<void> {
  const headers = { cookie, 'x-csrf': '1', 'sec-fetch-site': 'same-origin' }
  const path = direction === 'download' ? `/api/bytes/${bytes}` : '/api/count'
  const method = direction === 'download' ? 'GET' : 'POST'
  const request = httpRequest(`${origin}${path}`, { method, headers, agent: false })
  const response = once(request, 'response') as Promise<[IncomingMessage]>
  if (direction === 'upload') {
    const part = Buffer.alloc(megabyte, 'a')
    for (let sent = 0; sent < bytes; sent += megabyte) if (!request.write(part)) await once(request, 'drain')
  }
  request.end()
  const [received] = await response
  let size = 0
  let last = ''
  for await (const chunk of received as AsyncIterable<Buffer>) {
    size += chunk.length
    last = chunk.toString('latin1', 0, 20)
  }
  const passed = direction === 'download' ? size : Number(last)
  if (passed !== bytes) throw new Error(`${path}: ${passed} bytes of ${bytes} arrived`)
}
