import type { ClientScope } from '../../model/index.ts'
import { type Shape, shape } from '../body/index.ts'
import { given } from './given.ts'
import { type MapperBody, mapperShape } from './protocol-mapper.ts'

export type ClientScopeBody = Omit<Partial<ClientScope>, 'protocolMappers'> & {
  protocolMappers?: MapperBody[]
}

/** The only representation in which Keycloak ignores unknown members. */
export const clientScopeShape: Shape<ClientScopeBody> = {
  ...shape(
    'ClientScopeRepresentation',
    { string: 'id name description protocol', map: 'attributes' },
    { protocolMappers: [mapperShape] },
  ),
  lenient: true,
}

/** ClientScopeRepresentation. */
export function scopeOf(scope: Readonly<ClientScope>): Record<string, unknown> {
  return {
    id: scope.id,
    name: scope.name,
    ...given('description', scope.description),
    protocol: scope.protocol,
    attributes: scope.attributes,
    ...(scope.protocolMappers?.length ? { protocolMappers: scope.protocolMappers } : {}),
  }
}
