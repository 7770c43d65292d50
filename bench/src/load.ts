import { connect, type Socket } from 'node:net'
import { median } from './report.ts'

/** The result of a run. */
export interface Run {
  readonly answers: number
  readonly seconds: number
  /** Median time from a request to its response, in milliseconds. */
  readonly p50: number
}

/** Keep-alive connections to one server, each with one request at a time. */
export interface Load {
  /**
   * Sends requests to a path for some time and counts the responses; ends early when there are no tokens left.
   *
   * @param token The access token (or cookie) of the next request; called once per request.
   * @throws for a response other than 200: the measurement is discarded
   */
  run(path: string, token: () => string | undefined, milliseconds: number): Promise<Run>
  close(): void
}

/**
 * A load generator that costs less than the servers it measures: requests are strings written to sockets; of responses only the
 * status and the end are parsed.
 *
 * @param field The start of the header that the token completes.
 */
export async function openLoad(
  origin: string,
  connections = 32,
  field = 'Authorization: Bearer ',
): Promise<Load> {
  const { hostname, port, host } = new URL(origin)
  const open = await Promise.all(
    Array.from({ length: connections }, () => openConnection(hostname, Number(port))),
  )
  return {
    async run(path, token, milliseconds) {
      const head = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${usual}${field}`
      const started = performance.now()
      const deadline = started + milliseconds
      const times: number[] = []
      await Promise.all(
        open.map(
          (connection) =>
            new Promise<void>((resolve, reject) => {
              const send = (): void => {
                const sent = performance.now()
                const next = sent < deadline ? token() : undefined
                if (next === undefined) return resolve()
                connection.request(`${head}${next}\r\n\r\n`, (status) => {
                  if (status !== 'HTTP/1.1 200') return reject(new Error(`${origin}${path}: ${status}`))
                  times.push(performance.now() - sent)
                  send()
                })
              }
              send()
            }),
        ),
      )
      const seconds = (performance.now() - started) / 1000
      return { answers: times.length, seconds, p50: median(times) }
    },
    close() {
      for (const { socket } of open) socket.destroy()
    },
  }
}

/** What Node's own fetch sends with each request. */
const usual = [
  'Connection: keep-alive',
  'Accept: */*',
  'Accept-Language: *',
  'Sec-Fetch-Mode: cors',
  'User-Agent: node',
  'Accept-Encoding: gzip, deflate',
  '',
].join('\r\n')

interface Connection {
  readonly socket: Socket
  /** @param done Called with the start of the status line, or the error. */
  request(text: string, done: (status: string) => void): void
}

async function openConnection(host: string, port: number): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve()
    })
  })
  let received = ''
  let done: ((status: string) => void) | undefined
  const finish = (status: string): void => {
    const finished = done
    done = undefined
    received = ''
    finished?.(status)
  }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    received += chunk
    if (isComplete(received)) finish(received.slice(0, 12))
  })
  socket.on('error', (error) => finish(`the connection failed: ${error.message}`))
  socket.on('close', () => finish('the server closed the connection'))
  return {
    socket,
    request(text, whenDone) {
      done = whenDone
      if (socket.closed) return finish('the server closed the connection')
      socket.write(text)
    },
  }
}

const lengthField = /\r\ncontent-length: (\d+)\r\n/i

/** Whether a response is complete, by Content-Length or the last chunk. */
function isComplete(received: string): boolean {
  const head = received.indexOf('\r\n\r\n')
  if (head === -1) return false
  const length = lengthField.exec(received.slice(0, head + 2))?.[1]
  return length === undefined
    ? received.endsWith('\r\n0\r\n\r\n')
    : received.length >= head + 4 + Number(length)
}
