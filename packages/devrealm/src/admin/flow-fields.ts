import type { Shape } from './body.ts'

export interface FlowBody {
  alias?: string
  description?: string
  providerId?: string
  topLevel?: boolean
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
    authenticationExecutions: 'any',
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

export const configShape: Shape<{ alias?: string; config?: Record<string, string> }> = {
  name: 'AuthenticatorConfigRepresentation',
  members: { id: 'string', alias: 'string', config: 'map' },
}

export const newNameShape: Shape<{ newName?: string }> = { name: 'Map', members: { newName: 'string' } }

export const newExecutionShape: Shape<{ provider?: string }> = {
  name: 'Map',
  members: { provider: 'string', priority: 'any' },
}

export const newSubFlowShape: Shape<{ alias?: string; type?: string; description?: string }> = {
  name: 'Map',
  members: { alias: 'string', type: 'string', description: 'string', provider: 'string', priority: 'any' },
}
