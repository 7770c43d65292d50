import { type Shape, shape } from '../body/index.ts'

/** A step, as in exports. */
export interface ExportedStepBody {
  authenticator?: string
  flowAlias?: string
  requirement?: string
  priority?: number
  authenticatorConfig?: string
}

export interface FlowBody {
  alias?: string
  description?: string
  id?: string
  providerId?: string
  topLevel?: boolean
  builtIn?: boolean
  authenticationExecutions?: ExportedStepBody[]
}

export const flowShape: Shape<FlowBody> = {
  name: 'AuthenticationFlowRepresentation',
  members: {
    id: 'string',
    alias: 'string',
    description: 'string',
    providerId: 'string',
    topLevel: 'boolean',
    builtIn: 'boolean',
    authenticationExecutions: [
      shape('AuthenticationExecutionExportRepresentation', {
        string: 'authenticatorConfig authenticator requirement flowAlias',
        boolean: 'authenticatorFlow autheticatorFlow userSetupAllowed',
        number: 'priority',
      }),
    ],
  },
}

export interface ExecutionInfoBody {
  id?: string
  requirement?: string
  displayName?: string
  description?: string
  flowId?: string
  priority?: number
}

export const executionInfoShape: Shape<ExecutionInfoBody> = {
  name: 'AuthenticationExecutionInfoRepresentation',
  members: {
    id: 'string',
    requirement: 'string',
    displayName: 'string',
    alias: 'string',
    description: 'string',
    requirementChoices: 'strings',
    configurable: 'boolean',
    authenticationFlow: 'boolean',
    providerId: 'string',
    authenticationConfig: 'string',
    flowId: 'string',
    level: 'number',
    index: 'number',
    priority: 'number',
  },
}

export const configShape: Shape<{ id?: string; alias?: string; config?: Record<string, string> }> = {
  name: 'AuthenticatorConfigRepresentation',
  members: { id: 'string', alias: 'string', config: 'map' },
}

export const newNameShape: Shape<{ newName?: string }> = {
  name: 'Map',
  lenient: true,
  members: { newName: 'string' },
}

export const newExecutionShape: Shape<{ provider?: string }> = {
  name: 'Map',
  lenient: true,
  members: { provider: 'string', priority: 'number' },
}

export const newSubFlowShape: Shape<{
  alias?: string
  type?: string
  description?: string
  provider?: string
}> = {
  name: 'Map',
  lenient: true,
  members: { alias: 'string', type: 'string', description: 'string', provider: 'string', priority: 'number' },
}
