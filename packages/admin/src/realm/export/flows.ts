import type { Admin } from '../../client/index.ts'
import type { ExecutionDefinition, FlowDefinition, Requirement } from '../definition/index.ts'
import { type ExecutionState, readFlow } from '../diff/index.ts'
import { type Notes, present, sortedBy } from './notes.ts'

/** All flows, Keycloak's own among them: their requirements and settings can be changed. */
export async function readFlowDefinitions(
  admin: Admin,
  realm: string,
  notes: Notes,
): Promise<FlowDefinition[]> {
  const flows = await admin.client.authenticationManagement.getFlows({ realm })
  const definitions: FlowDefinition[] = []
  for (const { alias = '', description, providerId } of sortedBy(flows, (flow) => flow.alias)) {
    const state = await readFlow(admin, realm, alias)
    definitions.push({
      alias,
      ...(description ? { description } : {}),
      ...(providerId === 'client-flow' ? { provider: providerId } : {}),
      executions: state.map((each) => toExecution(each, `authentication flow ${alias}`, notes)),
    })
  }
  return definitions
}

function toExecution(
  { execution, config, executions }: ExecutionState,
  title: string,
  notes: Notes,
): ExecutionDefinition {
  const { authenticationFlow, displayName = '', description, providerId = '', alias } = execution
  const requirement = execution.requirement as Requirement
  if (authenticationFlow === true) {
    return {
      flow: displayName,
      ...(description ? { description } : {}),
      ...(providerId === '' ? {} : { form: providerId }),
      requirement,
      executions: executions.map((each) => toExecution(each, title, notes)),
    }
  }
  // Kinds of credentials, not credentials.
  const { credentials, ...others } = config ?? {}
  const isKinds = providerId === 'conditional-credential' && credentials !== undefined
  const values = {
    ...notes.map(title, `${providerId}.config`, isKinds ? others : (config ?? {})),
    ...(isKinds ? { credentials } : {}),
  }
  const settings = alias === undefined ? {} : { config: { alias, config: values } }
  return present({ authenticator: providerId, requirement, ...settings })
}
