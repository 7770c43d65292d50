import type { FastifyRequest } from 'fastify'
import type { RealmContext } from '../../context/index.ts'
import type { RealmStore, Store } from '../../store/index.ts'
import type { Access, Caller } from './access.ts'
import type { Answer } from './answer.ts'
import type { Query } from './query.ts'

/** One request to a resource of a realm, after everything that Keycloak checks first. */
export interface Call<Found = undefined, Body = undefined> {
  readonly context: RealmContext
  readonly store: Store
  readonly realm: RealmStore
  readonly caller: Caller
  readonly access: Access
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** What the resource's `find` returned. */
  readonly found: Found
  readonly body: Body
  readonly request: FastifyRequest
  /** The request's absolute URL without its query: new resources are announced below it. */
  readonly url: string
}

/** A call of whatever resource. */
export type AnyCall = Call<unknown, unknown>

export type Handler<Found, Body> = (call: Call<Found, Body>) => Answer | Promise<Answer>

/**
 * What makes the admin events of a request, or undefined if there are none. Called before the request is carried out, then
 * with its answer; what that returns records the events, once the change is stored.
 */
export type EventsOf = (
  method: string,
  route: string,
  call: AnyCall,
) => ((answer: Answer) => () => void) | undefined
