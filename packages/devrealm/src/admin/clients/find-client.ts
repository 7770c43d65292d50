import type { Client } from '../../model/index.ts'
import { forbidden, notFound } from '../errors.ts'
import { type Call, needs } from '../request/index.ts'

/** Looks a client up by its id; who may not even query clients learns nothing about it. */
export function findClient({ realm, params, access }: Call): Readonly<Client> {
  const client = realm.clients.get(params['clientUuid'] ?? '')
  if (client !== undefined) return client
  throw needs.queryClients(access) ? notFound('Could not find client') : forbidden()
}
