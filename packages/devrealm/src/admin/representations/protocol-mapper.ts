import type { ProtocolMapper } from '../../model/index.ts'
import { type Shape, shape } from '../body/index.ts'

export type MapperBody = Partial<ProtocolMapper>

export const mapperShape: Shape<MapperBody> = shape('ProtocolMapperRepresentation', {
  string: 'id name protocol protocolMapper consentText',
  boolean: 'consentRequired',
  map: 'config',
})
