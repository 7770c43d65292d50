import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A mail server on loopback that takes every message (RFC 5321). */
export interface MailServer extends AsyncDisposable {
  readonly port: number
  /** Messages with their headers. */
  readonly received: readonly string[]
}

export async function openMailServer(): Promise<MailServer> {
  const received: string[] = []
  const server = createServer((socket) => converse(socket, received))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    received,
    [Symbol.asyncDispose]: () => new Promise((resolve) => void server.close(() => resolve())),
  }
}

function converse(socket: Socket, received: string[]): void {
  let message: string[] | undefined
  let rest = ''
  const say = (line: string): void => void socket.write(`${line}\r\n`)
  say('220 mail.test')
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString()).split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (message !== undefined && line !== '.') {
        message.push(line)
      } else if (message !== undefined) {
        received.push(message.join('\n'))
        message = undefined
        say('250 taken')
      } else if (/^DATA/i.test(line)) {
        message = []
        say('354 go on')
      } else if (/^QUIT/i.test(line)) {
        socket.end('221 bye\r\n')
      } else {
        say('250 ok')
      }
    }
  })
}
