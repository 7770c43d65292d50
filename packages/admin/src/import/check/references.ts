import { CloakwrightError } from 'cloakwright'
import { type Admin, all } from '../../client/index.ts'
import type { ImportedUser, UserFile } from '../../files/index.ts'
import {
  isForeignDefaultRole,
  quoted,
  type RealmFacts,
  roleNames,
  texts,
  unknownName,
} from '../../jobs/index.ts'
import { requireViewClients } from './rights.ts'
import type { Warnings } from './warnings.ts'

/** Says which name of a row the realm does not have; undefined: none. */
export type ReferenceCheck = (user: ImportedUser) => Promise<string | undefined>

/**
 * Checks that the realm has whatever a row names. A partial import silently creates unknown roles, fails the whole
 * batch for an unknown client, group or consent, hides the user of an unknown user federation, and keeps the link to an
 * unknown identity provider until someone makes one of that name.
 */
export function createReferenceCheck(
  admin: Admin,
  facts: RealmFacts,
  file: UserFile,
  warnings: Warnings,
): ReferenceCheck {
  const links = createLinkCheck(admin, warnings)
  return async (user) =>
    (await unknownRealmRole(facts, file, user, warnings)) ??
    (await requireViewClients(admin, () => unknownClientRole(facts, user))) ??
    (await unknownGroup(facts, user)) ??
    unknownAction(facts, user) ??
    (await links.unknownFederation(user)) ??
    (await links.unknownProvider(user)) ??
    (await requireViewClients(admin, () => links.unknownConsent(facts, user)))
}

async function unknownRealmRole(
  facts: RealmFacts,
  file: UserFile,
  user: ImportedUser,
  warnings: Warnings,
): Promise<string | undefined> {
  for (const name of roleNames(user).realm ?? []) {
    if ((await facts.role(name)) !== undefined) continue
    if (!isForeignDefaultRole(name, file)) return unknownName.realmRole(name)
    facts.defaults.aliases.add(name)
    const own = quoted(facts.defaults.role ?? '')
    warnings.add(
      'default-role',
      `realmRoles ${name}`,
      () => `treated as the default role of the realm, ${own}`,
    )
  }
  return undefined
}

async function unknownClientRole(facts: RealmFacts, user: ImportedUser): Promise<string | undefined> {
  for (const [clientId, names] of Object.entries(roleNames(user).client ?? {})) {
    if ((await facts.clientUuid(clientId)) === undefined) return unknownName.client(clientId)
    for (const name of names) {
      if ((await facts.role(name, clientId)) === undefined) return unknownName.clientRole(clientId, name)
    }
  }
  return undefined
}

async function unknownGroup(facts: RealmFacts, user: ImportedUser): Promise<string | undefined> {
  for (const path of texts(user.groups)) {
    const problem = await facts.importProblem(path)
    if (problem !== undefined) return problem
  }
  return undefined
}

function unknownAction(facts: RealmFacts, user: ImportedUser): string | undefined {
  for (const alias of texts(user.requiredActions)) {
    if (!facts.requiredActions.has(alias)) return `there is no required action ${quoted(alias)}`
  }
  return undefined
}

interface LinkCheck {
  unknownFederation(user: ImportedUser): Promise<string | undefined>
  unknownProvider(user: ImportedUser): Promise<string | undefined>
  unknownConsent(facts: RealmFacts, user: ImportedUser): Promise<string | undefined>
}

/** What only exports name: each kind is read when a row first has it. */
function createLinkCheck({ client, realm }: Admin, warnings: Warnings): LinkCheck {
  const federations = once(async () => {
    const found = await client.components.find({ realm, type: 'org.keycloak.storage.UserStorageProvider' })
    return new Set(found.map(({ id = '' }) => id))
  })
  const providers = once(() =>
    permitted(async () => {
      const found = await all((page) => client.identityProviders.find({ realm, ...page }))
      return new Set<unknown>(found.map(({ alias }) => alias))
    }),
  )
  const scopes = once(async () => {
    const found = await client.clientScopes.find({ realm })
    return new Set(found.map(({ name = '' }) => name))
  })

  return {
    async unknownFederation({ federationLink }) {
      if (federationLink === undefined || federationLink === '') return undefined
      return (await federations()).has(federationLink)
        ? undefined
        : 'federationLink: there is no user federation with this id, so Keycloak would hide the user'
    },
    async unknownProvider({ federatedIdentities = [] }) {
      if (federatedIdentities.length === 0) return undefined
      const known = await providers()
      if (known === undefined) {
        warnings.add('unchecked', 'federatedIdentities', () => unreadableProviders)
        return undefined
      }
      for (const { identityProvider } of federatedIdentities) {
        if (!known.has(identityProvider))
          return `there is no identity provider ${quoted(String(identityProvider))}`
      }
      return undefined
    },
    async unknownConsent(facts, { clientConsents = [] }) {
      for (const [at, { clientId = '', grantedClientScopes }] of clientConsents.entries()) {
        if ((await facts.clientUuid(String(clientId))) === undefined)
          return `clientConsents[${at}]: there is no client ${quoted(String(clientId))}`
        const known = await scopes()
        const unknown = texts(grantedClientScopes).find((name) => !known.has(name))
        if (unknown !== undefined) return `clientConsents[${at}]: there is no client scope ${quoted(unknown)}`
      }
      return undefined
    },
  }
}

const unreadableProviders =
  'unchecked: the account needs view-identity-providers of realm-management to check that they exist'

/** Undefined for what the account may not read. */
async function permitted<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof CloakwrightError && error.code === 'CW_ADMIN_FORBIDDEN') return undefined
    throw error
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined
  return () => (reading ??= read())
}
