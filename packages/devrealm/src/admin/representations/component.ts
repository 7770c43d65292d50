import { type Shape, shape } from '../body/index.ts'

/** ComponentRepresentation: Keycloak's plug-ins of a realm, here its key providers. */
export interface ComponentBody {
  id?: string
  name?: string
  providerId?: string
  providerType?: string
  parentId?: string
  subType?: string
  config?: Record<string, string[]>
}

export const componentShape: Shape<ComponentBody> = shape('ComponentRepresentation', {
  string: 'id name providerId providerType parentId subType',
  lists: 'config',
})
