import type { Profile } from '../../user-profile/index.ts'
import { type Shape, shape } from '../body/index.ts'

export const userProfileShape: Shape<Profile> = {
  name: 'UPConfig',
  members: {
    unmanagedAttributePolicy: { oneOf: ['ENABLED', 'ADMIN_EDIT', 'ADMIN_VIEW'] },
    attributes: [
      shape(
        'UPAttribute',
        { string: 'name displayName group defaultValue', boolean: 'multivalued', object: 'annotations' },
        {
          validations: { values: 'object' },
          required: shape('UPAttributeRequired', { strings: 'roles scopes' }),
          permissions: shape('UPAttributePermissions', { strings: 'view edit' }),
          selector: shape('UPAttributeSelector', { strings: 'scopes' }),
        },
      ),
    ],
    groups: [shape('UPGroup', { string: 'name displayHeader displayDescription', object: 'annotations' })],
  },
}
