import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../../client/index.ts'
import type { RealmFacts } from '../../jobs/index.ts'

/**
 * New users get the realm's default groups by their paths, and an import can take such a path for another group's.
 *
 * @throws {CW_ADMIN_REFUSED} when it does
 */
export async function requireDefaultGroups({ client, realm }: Admin, facts: RealmFacts): Promise<void> {
  if (!facts.defaults.groups.some((path) => path.lastIndexOf('/') > 0)) return
  for (const { id, path = '' } of await client.realms.getDefaultGroups({ realm })) {
    const problem = await facts.importProblem(`id:${id}`)
    if (problem === undefined) continue
    throw new CloakwrightError('CW_ADMIN_REFUSED', `The realm's default group ${path}: ${problem}`, {
      hint: 'Rename it so that its name has no slash, or remove it from the default groups during the import.',
    })
  }
}
