import type { Admin, RequiredActionRepresentation } from '../../client/index.ts'
import { fieldChanges, merged } from '../../fields/index.ts'
import type { RealmDefinition } from '../definition/index.ts'
import { found } from './named.ts'
import { type PlannedChange, update } from './planned-change.ts'

export type RequiredActionsState = ReadonlyMap<string, RequiredActionRepresentation>

export async function readRequiredActions(
  { client }: Admin,
  { realm, requiredActions }: RealmDefinition,
): Promise<RequiredActionsState> {
  const actions =
    (requiredActions ?? []).length === 0
      ? []
      : await client.authenticationManagement.getRequiredActions({ realm } as never)
  return new Map(actions.map((action) => [action.alias ?? '', action]))
}

/** Keycloak registers its required actions with each realm: there is nothing to create. */
export function diffRequiredActions(
  { realm, requiredActions }: RealmDefinition,
  state: RequiredActionsState,
): PlannedChange[] {
  return (requiredActions ?? []).flatMap((wanted) => {
    const { alias } = wanted
    const run = async ({ client }: Admin): Promise<void> => {
      const actions = await client.authenticationManagement.getRequiredActions({ realm } as never)
      const now = found(
        actions.find((action) => action.alias === alias),
        `required action ${alias}`,
      )
      await client.authenticationManagement.updateRequiredAction({ realm, alias }, merged(now, wanted))
    }
    return update('required action', alias, [{ changes: fieldChanges(wanted, state.get(alias)), run }])
  })
}
