import { randomUUID } from 'node:crypto'
import type { RealmStore } from '../store/index.ts'
import { dropOldest } from './drop-oldest.ts'

/** A pushed authorization request (RFC 9126): its parameters, without the client's credentials. */
export interface PushedRequest {
  readonly realmId: string
  /** The client's `clientId`. */
  readonly clientId: string
  readonly parameters: ReadonlyMap<string, string>
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** The start of the `request_uri` of a pushed request. */
export const pushedRequestPrefix = 'urn:ietf:params:oauth:request_uri:'

const maxRequests = 10_000

/** The pushed requests that no login has used. */
export class PushedRequests {
  readonly #requests = new Map<string, PushedRequest>()

  /** Returns the `request_uri`. */
  push(request: PushedRequest): string {
    const uri = pushedRequestPrefix + randomUUID()
    this.#requests.set(uri, request)
    dropOldest(this.#requests, maxRequests)
    return uri
  }

  /** Finds the request that this client pushed. It can be opened many times: only a completed login uses it up. */
  find(realm: RealmStore, clientId: string, uri: string, now: number): PushedRequest | undefined {
    const request = this.#requests.get(uri)
    if (request === undefined || request.realmId !== realm.info.id || request.clientId !== clientId)
      return undefined
    if (now < request.expiresAt) return request
    this.#requests.delete(uri)
    return undefined
  }

  /** Whether this is the first login of the request, before its end. */
  use(uri: string, now: number): boolean {
    const request = this.#requests.get(uri)
    this.#requests.delete(uri)
    return request !== undefined && now < request.expiresAt
  }
}
