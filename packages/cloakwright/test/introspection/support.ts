import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Fetch } from 'cloakwright'
import {
  createIntrospection,
  type Introspection,
  type IntrospectionOptions,
} from '../../src/introspection/index.ts'
import { createMetadata } from '../../src/metadata/index.ts'
import { claimsOf, json, startIssuer, type TestIssuer } from '../support/issuer.ts'

export const clientId = 'shop-api'
export const clientSecret = 'CANARY-s3cr3t'

/** A request to the endpoint. */
export interface Asked {
  readonly method: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly form: Record<string, string>
}

/** A realm on loopback, and an introspection of it with the test's clock. */
export interface Desk {
  readonly issuer: TestIssuer
  /** Seconds since the epoch. */
  now: number
  /** Calls so far. */
  readonly calls: () => number
  readonly asked: Asked[]
  /** The next response of the endpoint; an active token's claims by default. */
  answer: (response: ServerResponse, form: Record<string, string>) => void
  make(change?: Partial<IntrospectionOptions>, fetch?: Fetch): Introspection
  /** The response for an active token, like Keycloak's. */
  active(change?: Record<string, unknown>): Record<string, unknown>
}

export const start = 1_800_000_000

export async function openDesk(): Promise<Desk> {
  const issuer = await startIssuer([])
  const desk: Desk = {
    issuer,
    now: start,
    calls: () => desk.asked.length,
    asked: [],
    answer: (response) => json(response, desk.active()),
    make: (change = {}, fetch = globalThis.fetch) => {
      const now = (): number => desk.now * 1000
      const metadata = createMetadata({ issuer: issuer.issuer, fetch, now })
      return createIntrospection({ clientId, clientSecret, ...change }, { metadata, fetch, now })
    },
    active: (change = {}) =>
      claimsOf(issuer.issuer, {
        exp: start + 300,
        iat: start,
        jti: 'onltac:3b8b6a0e-7a0e-4f9e-8a43-0f6c1d8d2b11',
        client_id: 'shop-web',
        username: 'alice',
        token_type: 'Bearer',
        active: true,
        ...change,
      }),
  }
  issuer.answers.introspection = (request, response) => {
    void readForm(request).then((form) => {
      desk.asked.push({ method: request.method, headers: request.headers, form })
      desk.answer(response, form)
    })
  }
  return desk
}

/** Holds responses back until they are released, all at once. */
export function holdAnswers(desk: Desk): (answer?: (response: ServerResponse) => void) => void {
  const held: ServerResponse[] = []
  const { answer: usual } = desk
  desk.answer = (response) => held.push(response)
  return (answer = (response) => usual(response, {})) => {
    desk.answer = usual
    for (const response of held.splice(0)) answer(response)
  }
}

async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return Object.fromEntries(new URLSearchParams(text))
}
