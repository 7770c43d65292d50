import type { FastifyRequest } from 'fastify'
import type { RealmContext } from '../../context/index.ts'
import type { RealmStore, Store } from '../../store/index.ts'
import type { Access, Caller } from './access.ts'
import type { Answer } from './answer.ts'
import type { Query } from './query.ts'

/** A request to a resource of a realm, after Keycloak's checks. */
export interface Call<Found = undefined, Body = undefined> {
  readonly context: RealmContext
  readonly store: Store
  readonly realm: RealmStore
  readonly caller: Caller
  readonly access: Access
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** The result of the resource's `find`. */
  readonly found: Found
  readonly body: Body
  readonly request: FastifyRequest
  /** The absolute URL of the request without query: the base of Location for new resources. */
  readonly url: string
}

/** A call to any resource. */
export type AnyCall = Call<unknown, unknown>

export type Handler<Found, Body> = (call: Call<Found, Body>) => Answer | Promise<Answer>

/**
 * Builds the admin events of a request, or undefined if there are none. Called before the request runs, then with its response;
 * the returned function records the events once the change is stored.
 */
export type EventsOf = (
  method: string,
  route: string,
  call: AnyCall,
) => ((answer: Answer) => () => void) | undefined
