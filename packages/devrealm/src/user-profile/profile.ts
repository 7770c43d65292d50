export interface ProfileAttribute {
  name: string
  displayName?: string
  validations?: Record<string, Record<string, unknown>>
  required?: { roles?: string[]; scopes?: string[] }
  selector?: { scopes?: string[] }
  permissions?: { view?: string[]; edit?: string[] }
  multivalued?: boolean
  group?: string
  annotations?: Record<string, unknown>
}

/** The body of `users/profile`. */
export interface Profile {
  attributes?: ProfileAttribute[]
  groups?: { name?: string }[]
  unmanagedAttributePolicy?: string
}
