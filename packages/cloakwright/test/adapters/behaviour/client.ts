import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Service } from '../drivers/types.ts'

/** A client's request. */
export interface Sent {
  readonly method?: string
  /** Headers as they are sent, also two with one name. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
}

/** The response. */
export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
  json(): unknown
}

/** Sends a request over a separate connection. */
export function send(service: Service, path: string, sent: Sent = {}): Promise<Received> {
  const { method = 'GET', fields = [], body } = sent
  const hasHost = fields.some(([name]) => name.toLowerCase() === 'host')
  const all = [
    ...(hasHost ? [] : ['Host', `127.0.0.1:${service.port}`]),
    ...fields.flat(),
    ...(body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]),
  ]
  const options = { host: '127.0.0.1', port: service.port, path, method, headers: all, agent: false }
  return new Promise((resolve, reject) => {
    const request = httpRequest(options as unknown as RequestOptions, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Received['headers'],
          text,
          json: () => JSON.parse(text) as unknown,
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Sends a request with a token, and goes away without waiting for the response. */
export function leave(service: Service, path: string, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(service.port, '127.0.0.1', () => {
      const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\n`
      socket.write(`${head}Authorization: Bearer ${token}\r\n\r\n`, () => socket.destroy())
    })
    socket.once('error', reject)
    socket.once('close', () => resolve())
  })
}

export const form = ['content-type', 'application/x-www-form-urlencoded'] as const

/** The Authorization header of a bearer token. */
export function bearer(token: string): readonly [string, string] {
  return ['authorization', `Bearer ${token}`]
}

/** The status of a request with a bearer token over TLS, with the client's certificate if it has one. */
export function statusOverTls(
  port: number,
  token: string,
  certificate: { readonly key?: string; readonly cert?: string },
): Promise<number | undefined> {
  const to = { host: '127.0.0.1', port, rejectUnauthorized: false, agent: false, ...certificate }
  return new Promise((resolve, reject) => {
    httpsRequest({ ...to, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}
