import http from 'node:http'

/**
 * One client of the realm. It waits for a response as long as a person would; the outcome of a request is returned, not thrown.
 *
 * @typedef {{ method: string, route: string, path: string, headers: Record<string, string>, body?: Buffer }} FuzzRequest
 * @typedef {{ status: number, headers: http.IncomingHttpHeaders, body: string, milliseconds: number, problem?: string, hung?:
 * boolean }} Outcome
 */
export class Connection {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  #port

  /** @param {number} port */
  constructor(port) {
    this.#port = port
  }

  /**
   * @param {FuzzRequest} request
   * @param {number} patience milliseconds until the request is given up
   * @returns {Promise<Outcome>}
   */
  send({ method, path, headers, body }, patience = 10_000) {
    return new Promise((resolve) => {
      const start = performance.now()
      const end = (outcome) => {
        clearTimeout(timer)
        resolve({ status: 0, headers: {}, body: '', ...outcome, milliseconds: performance.now() - start })
      }
      const length = body === undefined ? {} : { 'content-length': String(body.length) }
      const request = http.request({
        port: this.#port,
        host: '127.0.0.1',
        agent: this.#agent,
        // A name or state of 70 KB comes back in a Location header: long but valid.
        maxHeaderSize: 1024 * 1024,
        method,
        path,
        headers: { host: `localhost:${this.#port}`, ...headers, ...length },
      })
      const timer = setTimeout(() => {
        end({ problem: `no response in ${patience} ms`, hung: true })
        request.destroy()
      }, patience)
      let answered = false
      request.on('error', (error) => {
        // A rejected body may still be in transit when the connection closes: the response has arrived by then.
        if (!answered) end({ problem: `connection ended: ${error.code ?? error.message}` })
      })
      request.on('response', (response) => {
        answered = true
        const parts = []
        response.on('data', (part) => parts.push(part))
        response.on('error', (error) =>
          end({ status: response.statusCode, problem: `broken response: ${error.code}` }),
        )
        response.on('end', () =>
          end({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(parts).toString(),
          }),
        )
      })
      request.end(body)
    })
  }

  close() {
    this.#agent.destroy()
  }
}
