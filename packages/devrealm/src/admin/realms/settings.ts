import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../../context/realm-context.ts'
import { allKeys } from '../../crypto/keys.ts'
import type { RealmKey } from '../../model/index.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import { checkPolicies, checkProfiles, policiesOf, profilesOf } from '../clients/client-policies.ts'
import { findEvents } from '../events/event-query.ts'
import { eventTypes } from '../events/event-types.ts'
import { eventsConfigShape } from '../representations/fields.ts'
import { clientPoliciesShape, clientProfilesShape } from '../representations/settings-fields.ts'
import { isVisitor, needs } from '../request/access.ts'
import { notFound } from '../request/errors.ts'
import { Family, none, nothing, ok } from '../request/router.ts'

/** What else belongs to a realm: keys, events, policies for clients, sessions, brute-force protection. */
export function settingsRoutes(app: FastifyInstance, context: RealmContext): void {
  const realm = new Family(app, context, '', none)
  eventRoutes(realm)
  keyRoutes(realm)
  policyRoutes(realm)
  sessionRoutes(realm)
  attackRoutes(realm)
  realm.get('/identity-provider/instances', needs.viewIdentityProviders, () => ok([]))
  realm.get('/localization', isVisitor, ({ realm: { info } }) => ok(info['supportedLocales'] ?? []))
  realm.get('/credential-registrators', needs.viewRealm, () =>
    ok([
      'CONFIGURE_TOTP',
      'webauthn-register',
      'webauthn-register-passwordless',
      'CONFIGURE_RECOVERY_AUTHN_CODES',
    ]),
  )
}

const eventMembers = [
  'eventsEnabled',
  'eventsExpiration',
  'eventsListeners',
  'enabledEventTypes',
  'adminEventsEnabled',
  'adminEventsDetailsEnabled',
]

function eventRoutes(family: Family<undefined>): void {
  family.get('/events/config', needs.viewEvents, ({ realm }) => {
    const shown = eventMembers
      .map((member) => [member, realm.info[member]] as const)
      .filter(([, value]) => value !== undefined)
    const config = Object.fromEntries(shown) as Record<string, unknown>
    const enabled = config['enabledEventTypes'] as unknown[]
    return ok({ ...config, enabledEventTypes: enabled.length === 0 ? eventTypes : enabled })
  })
  family.put('/events/config', needs.manageEvents, eventsConfigShape, ({ realm, body }) => {
    realm.update({ ...realm.info, ...body })
    return undefined
  })
  // Logins are not recorded here: that list is empty, as in a realm that does not keep them.
  family.get('/events', needs.viewEvents, () => ok([]))
  family.delete('/events', needs.manageEvents, nothing, () => undefined)
  family.get('/admin-events', needs.viewEvents, ({ context, realm, query }) => {
    const { adminEventsExpiration } = (realm.info.attributes ?? {}) as { adminEventsExpiration?: string }
    return ok(findEvents(realm.adminEvents.all(context.now(), Number(adminEventsExpiration ?? 0)), query))
  })
  family.delete('/admin-events', needs.manageEvents, nothing, ({ realm }) => {
    realm.adminEvents.clear()
    return undefined
  })
}

const keyProviders: Record<RealmKey['algorithm'], { name: string; algorithm?: string; type: string }> = {
  'RSA-OAEP': { name: 'rsa-enc-generated', algorithm: 'RSA-OAEP', type: 'RSA' },
  RS256: { name: 'rsa-generated', type: 'RSA' },
  HS512: { name: 'hmac-generated', algorithm: 'HS512', type: 'OCT' },
  AES: { name: 'aes-generated', type: 'OCT' },
}

function keyRoutes(family: Family<undefined>): void {
  family.get('/keys', needs.viewRealm, async ({ realm }) => {
    const keys = await allKeys(realm)
    return ok({
      active: Object.fromEntries(keys.map((key) => [key.algorithm, key.kid])) as Record<string, string>,
      keys: keys.map(keyOf),
    })
  })
  family.get('/components', needs.viewRealm, async ({ realm, query }) => {
    const [type, name, parent] = ['type', 'name', 'parent'].map((parameter) => query.text(parameter))
    const found = (await componentsOf(realm)).filter(
      (component) =>
        (type === undefined || component.providerType === type) &&
        (name === undefined || component.name === name) &&
        (parent === undefined || component.parentId === parent),
    )
    return ok(found)
  })
  family.get('/components/:componentId', needs.viewRealm, async ({ realm, params }) => {
    const found = (await componentsOf(realm)).find((component) => component.id === params['componentId'])
    if (found === undefined) throw notFound('Could not find component')
    return ok(found)
  })
}

function keyOf(key: Readonly<RealmKey>): Record<string, unknown> {
  const publicKey =
    key.privateKey === undefined
      ? undefined
      : createPublicKey(createPrivateKey(key.privateKey))
          .export({ type: 'spki', format: 'der' })
          .toString('base64')
  return {
    providerId: key.providerId,
    providerPriority: key.priority,
    kid: key.kid,
    status: 'ACTIVE',
    type: keyProviders[key.algorithm].type,
    algorithm: key.algorithm,
    ...(publicKey === undefined ? {} : { publicKey, certificate: key.certificate }),
    use: key.use,
    ...(key.validTo === undefined ? {} : { validTo: key.validTo }),
  }
}

async function componentsOf(realm: RealmStore) {
  return (await allKeys(realm)).map((key) => {
    const { name, algorithm } = keyProviders[key.algorithm]
    return {
      id: key.providerId,
      name: key.algorithm === 'HS512' ? 'hmac-generated-hs512' : name,
      providerId: name,
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: realm.info.id,
      config: {
        priority: [String(key.priority)],
        ...(algorithm === undefined ? {} : { algorithm: [algorithm] }),
      },
    }
  })
}

/** Client profiles and policies are kept as they are given; of their executors only `secret-rotation` does something. */
function policyRoutes(family: Family<undefined>): void {
  const [profiles, policies] = ['/client-policies/profiles', '/client-policies/policies']
  family.get(profiles, needs.viewRealm, ({ realm }) => ok(profilesOf(realm)))
  family.put(profiles, needs.manageRealm, clientProfilesShape, ({ context, realm, body }) => {
    checkProfiles(context.features, body.profiles ?? [])
    realm.update({ ...realm.info, clientProfiles: { profiles: body.profiles ?? [] } })
    return undefined
  })
  family.get(policies, needs.viewRealm, ({ realm }) => ok(policiesOf(realm)))
  family.put(policies, needs.manageRealm, clientPoliciesShape, ({ realm, body }) => {
    checkPolicies(body.policies ?? [], profilesOf(realm).profiles)
    realm.update({ ...realm.info, clientPolicies: { policies: body.policies ?? [] } })
    return undefined
  })
}

function sessionRoutes(family: Family<undefined>): void {
  family.delete('/sessions/:sessionId', needs.manageUsers, nothing, ({ realm, params, query }) => {
    const id = params['sessionId'] ?? ''
    if (query.flag('isOffline') === true) {
      if (!realm.offlineSessions.delete(id)) throw notFound('Sesssion not found')
      return undefined
    }
    if (!realm.sessions.delete(id)) throw notFound('Sesssion not found')
    return undefined
  })
  family.get('/client-session-stats', needs.viewRealm, ({ realm }) => {
    const stats = new Map<string, { active: number; offline: number }>()
    for (const kind of ['sessions', 'offlineSessions'] as const) {
      for (const session of realm[kind].values()) {
        for (const id of Object.keys(session.clients)) {
          const counted = stats.get(id) ?? { active: 0, offline: 0 }
          counted[kind === 'sessions' ? 'active' : 'offline'] += 1
          stats.set(id, counted)
        }
      }
    }
    return ok(
      [...stats].map(([id, { active, offline }]) => ({
        offline: String(offline),
        clientId: realm.clients.get(id)?.clientId,
        active: String(active),
        id,
      })),
    )
  })
}

/** What is counted against a user who fails to log in. */
function attackRoutes(family: Family<undefined>): void {
  const path = '/attack-detection/brute-force/users'
  family.get(`${path}/:userId`, needs.viewUsers, ({ context: { logins, now }, params }) => {
    const failures = logins.failures(params['userId'] ?? '')
    return ok({
      failedLoginNotBefore: Math.floor((failures?.notBefore ?? 0) / 1000),
      numFailures: failures?.count ?? 0,
      numTemporaryLockouts: failures?.temporaryLockouts ?? 0,
      disabled: failures !== undefined && now() < failures.notBefore,
      numSecondaryAuthFailures: 0,
      lastIPFailure: failures?.lastIp ?? 'n/a',
      lastFailure: failures?.lastFailure ?? 0,
    })
  })
  family.delete(`${path}/:userId`, needs.manageUsers, nothing, ({ context, params }) => {
    context.logins.clearFailures(params['userId'] ?? '')
    return undefined
  })
  family.delete(path, needs.manageUsers, nothing, ({ context, realm }) => {
    for (const user of realm.users.values()) context.logins.clearFailures(user.id)
    return undefined
  })
}
