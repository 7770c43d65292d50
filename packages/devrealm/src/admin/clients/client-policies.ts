import { isValidRotation, secretRotation } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { refused, wrongType } from '../errors.ts'
import { describe, leftOutOfPolicies } from '../left-out/index.ts'
import {
  type ClientPolicyBody,
  type ClientProfileBody,
  clientPoliciesShape,
  clientProfilesShape,
} from '../representations/index.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'

/** Client profiles and policies are stored unchanged; only the executor `secret-rotation` has an effect. */
export function clientPolicyRoutes(api: AdminApi): void {
  const resource = api.resource('')
  const [profiles, policies] = ['/client-policies/profiles', '/client-policies/policies']
  resource.get(profiles, needs.viewRealm, ({ realm }) => ok(profilesOf(realm)))
  resource.put(profiles, needs.manageRealm, clientProfilesShape, ({ context, realm, body }) => {
    checkProfiles(context.features, body.profiles ?? [])
    realm.update({ ...realm.info, clientProfiles: { profiles: body.profiles ?? [] } })
    return undefined
  })
  resource.get(policies, needs.viewRealm, ({ realm }) => ok(policiesOf(realm)))
  resource.put(policies, needs.manageRealm, clientPoliciesShape, ({ realm, body, request }) => {
    checkPolicies(body.policies ?? [], profilesOf(realm).profiles)
    const unused = leftOutOfPolicies({ clientPolicies: body, clientProfiles: profilesOf(realm) })
    if (unused.length > 0) {
      request.log.warn(
        { policies: describe(unused) },
        'Client policies without an effect in the embedded realm',
      )
    }
    realm.update({ ...realm.info, clientPolicies: { policies: body.policies ?? [] } })
    return undefined
  })
}

/** The realm's client profiles, as `client-policies/profiles` shows them. */
function profilesOf(realm: RealmStore): { profiles: ClientProfileBody[] } {
  return (realm.info['clientProfiles'] ?? { profiles: [] }) as { profiles: ClientProfileBody[] }
}

/** The realm's client policies, as `client-policies/policies` shows them. */
function policiesOf(realm: RealmStore): { policies: ClientPolicyBody[] } {
  return (realm.info['clientPolicies'] ?? { policies: [] }) as { policies: ClientPolicyBody[] }
}

/** @throws {AdminError} 400 */
function checkProfiles(features: ReadonlySet<string>, profiles: readonly ClientProfileBody[]): void {
  for (const { name, executors = [] } of profiles) {
    if (name === undefined) throw refused('client profile without its name not allowed.')
    for (const { executor, configuration } of executors) {
      if (executor !== undefined && executor !== 'secret-rotation') continue
      const isValid =
        executor !== undefined && features.has(secretRotation) ? isValidRotation(configuration) : false
      if (isValid === undefined) throw wrongType()
      if (!isValid) {
        throw refused(
          'proposed client profile contains the executor, which does not have valid provider, or has invalid configuration.',
        )
      }
    }
  }
}

/** @throws {AdminError} 400 */
function checkPolicies(policies: readonly ClientPolicyBody[], profiles: readonly ClientProfileBody[]): void {
  for (const { name, conditions = [], profiles: named = [] } of policies) {
    if (name === undefined) throw refused('client policy without name not allowed')
    if (conditions.some(({ condition }) => condition === undefined)) {
      throw refused(`Policy ${name} contains invalid condition null`)
    }
    const unknown = named.find((each) => !profiles.some((profile) => profile.name === each))
    if (unknown !== undefined) throw refused(`Policy ${name} contains invalid profile ${unknown}`)
  }
}
