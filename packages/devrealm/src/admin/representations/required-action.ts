import type { RequiredAction } from '../../model/index.ts'
import { type Shape, shape } from '../body/index.ts'

export const requiredActionShape: Shape<Partial<RequiredAction>> = shape(
  'RequiredActionProviderRepresentation',
  {
    string: 'alias name providerId',
    boolean: 'enabled defaultAction',
    number: 'priority',
    map: 'config',
  },
)
