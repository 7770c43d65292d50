import type { Attributes, User } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { isVisible, shownAttributes } from '../../user-profile/index.ts'
import { type Shape, shape } from '../body/index.ts'
import type { Access } from '../request/index.ts'
import { sortedBy } from '../sorted-by.ts'
import { given } from './given.ts'

/** The body that sets a password or another credential. */
export interface CredentialBody {
  id?: string
  type?: string
  value?: string
  temporary?: boolean
  userLabel?: string
  createdDate?: number
  secretData?: string
  credentialData?: string
  /** The format of old exports, with separate `salt`, `algorithm` and so on. */
  hashedSaltedValue?: string
  salt?: string
  algorithm?: string
  hashIterations?: number
  digits?: number
  counter?: number
  period?: number
}

export interface UserBody {
  id?: string
  username?: string
  firstName?: string
  lastName?: string
  email?: string
  emailVerified?: boolean
  enabled?: boolean
  attributes?: Attributes
  createdTimestamp?: number
  requiredActions?: string[]
  credentials?: CredentialBody[]
  realmRoles?: string[]
  clientRoles?: Record<string, string[]>
  groups?: string[]
  serviceAccountClientId?: string
}

export const credentialShape: Shape<CredentialBody> = shape('CredentialRepresentation', {
  string: `id type userLabel secretData credentialData value device hashedSaltedValue salt algorithm federationLink`,
  boolean: 'temporary',
  number: 'priority hashIterations counter digits period',
  long: 'createdDate',
  lists: 'config',
})

export const userShape: Shape<UserBody> = shape(
  'UserRepresentation',
  {
    string: 'id username firstName lastName email self origin federationLink serviceAccountClientId',
    boolean: 'emailVerified enabled totp',
    number: 'notBefore',
    long: 'createdTimestamp',
    strings: 'disableableCredentialTypes requiredActions realmRoles groups',
    attributes: 'attributes',
    lists: 'clientRoles applicationRoles',
    object: 'userProfileMetadata',
  },
  {
    credentials: [credentialShape],
    access: { values: 'boolean' },
    verifiableCredentials: ['object'],
    federatedIdentities: [
      shape('FederatedIdentityRepresentation', { string: 'identityProvider userId userName' }),
    ],
    socialLinks: [
      shape('SocialLinkRepresentation', { string: 'socialProvider socialUserId socialUsername' }),
    ],
    clientConsents: [
      shape('UserConsentRepresentation', {
        string: 'clientId',
        strings: 'grantedClientScopes grantedRealmRoles',
        long: 'createdDate lastUpdatedDate',
      }),
    ],
  },
)

/** UserRepresentation without `access`. */
export function userOf(realm: RealmStore, user: Readonly<User>, brief = false): Record<string, unknown> {
  const attributes = shownAttributes(realm, user)
  const seen = (name: 'username' | 'firstName' | 'lastName' | 'email'): string | undefined =>
    isVisible(realm, name) ? user[name] : undefined
  return {
    id: user.id,
    ...given('username', seen('username')),
    ...given('firstName', seen('firstName')),
    ...given('lastName', seen('lastName')),
    ...given('email', seen('email')),
    emailVerified: user.emailVerified,
    ...(Object.keys(attributes).length > 0 && !brief ? { attributes } : {}),
    enabled: user.enabled,
    createdTimestamp: user.createdTimestamp,
    ...(brief
      ? {}
      : {
          totp: user.credentials.some((credential) => credential.type === 'otp'),
          disableableCredentialTypes: user.credentials.some((credential) => credential.type === 'otp')
            ? ['otp']
            : [],
          requiredActions: user.requiredActions,
          notBefore: user.notBefore,
        }),
  }
}

/** What the caller may do with a user; included only for a single user. */
export function accessOfUser(access: Access): Record<string, boolean> {
  const manage = access.has('manage-users')
  return {
    manageGroupMembership: manage,
    resetPassword: manage,
    view: true,
    mapRoles: manage,
    impersonate: access.has('impersonation'),
    manage,
  }
}

/** The sort order of all lists of users. */
export function byUsername(users: readonly Readonly<User>[]): Readonly<User>[] {
  return sortedBy(users, ({ username }) => username)
}
