import type { User } from '../../model/index.ts'
import { forbidden, notFound } from '../errors.ts'
import { type Call, needs } from '../request/index.ts'

/** Looks a user up by id; who may not even query users learns nothing about it. */
export function findUser({ realm, params, access }: Call): Readonly<User> {
  const user = realm.users.get(params['userId'] ?? '')
  if (user !== undefined) return user
  throw needs.queryUsers(access) ? notFound('User not found') : forbidden()
}
