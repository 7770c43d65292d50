import { CloakwrightError } from 'cloakwright'
import { readBody } from './admin/body.ts'
import { AdminError } from './admin/errors.ts'
import { importRealm } from './admin/index.ts'
import { realmShape } from './admin/realm-fields.ts'
import { prepareKeys } from './crypto/keys.ts'
import { masterName, removeRealm } from './defaults.ts'
import type { Store } from './store.ts'

/**
 * Adds a realm from a representation, by the code that answers `POST /admin/realms`, in place of the one with its name.
 *
 * @throws {CW_REALM_INVALID} with what Keycloak would have answered
 */
export async function importInto(store: Store, representation: unknown): Promise<void> {
  const name = (representation as { realm?: unknown } | null | undefined)?.realm
  if (typeof name !== 'string' || name === '') {
    throw new CloakwrightError(
      'CW_REALM_INVALID',
      'The realm representation has no "realm": the realm\'s name',
      {
        hint: 'Import one realm as Keycloak exports it: an object with "realm", "clients", "users" and so on.',
      },
    )
  }
  if (name === masterName) {
    throw new CloakwrightError(
      'CW_REALM_INVALID',
      'The realm "master" can\'t be imported: it administers the others',
      {
        hint: 'Give the imported realm another name.',
      },
    )
  }
  const before = store.realm(name)
  if (before !== undefined) removeRealm(store, before)
  try {
    const realm = await importRealm(store, readBody(realmShape, JSON.stringify(representation)))
    prepareKeys(realm)
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    const { errorMessage, error_description, error: code } = error.body
    const reason = [errorMessage, error_description, code].find((each) => typeof each === 'string') as string
    throw new CloakwrightError(
      'CW_REALM_INVALID',
      `The representation of the realm "${name}" was refused: ${reason}`,
      {
        hint: 'Correct the representation; Keycloak refuses it too.',
        cause: error,
      },
    )
  }
  await store.commit()
}
