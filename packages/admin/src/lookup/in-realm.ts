import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../client/index.ts'

/** A realm to look something up in, and the client that asks it. */
export type InRealm = Pick<Admin, 'client' | 'realm'>

/** @throws {CW_ADMIN_NOT_FOUND} always, by the name of what is missing */
export function absent({ realm }: InRealm, what: string): never {
  throw new CloakwrightError('CW_ADMIN_NOT_FOUND', `The realm ${realm} has no ${what}`, {
    hint: 'Check the name (upper and lower case matter), or create it first.',
  })
}
