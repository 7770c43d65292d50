import type { Credential, User } from '../../model/index.ts'
import { isStorable, nothing, textListShape } from '../body/index.ts'
import { badRequest, notFound } from '../errors.ts'
import { credentialShape } from '../representations/index.ts'
import { type Call, needs, ok, type Resource } from '../request/index.ts'
import { passwordChange } from './credential-changes.ts'
import { changeUser } from './user-changes.ts'

/** A user's credentials: `/users/{id}/credentials`, and setting a password. */
export function userCredentialRoutes(one: Resource<Readonly<User>>): void {
  one.get('/credentials', needs.viewUsers, ({ found }) => ok(found.credentials.map(credentialOf)))
  one.put('/reset-password', needs.manageUsers, credentialShape, async ({ realm, found, body }) => {
    if (body.value === undefined) throw badRequest('No password provided')
    if (body.value.trim() === '') throw badRequest('Empty password not allowed')
    if (found.serviceAccountClientId !== undefined) {
      const error = 'You can not manage credentials for this user'
      throw badRequest(error, error)
    }
    const change = await passwordChange(realm, found, body.value, body.temporary ?? false)
    changeUser(realm, found.id, change)
    return undefined
  })
  one.put('/disable-credential-types', needs.manageUsers, textListShape, () => undefined)

  const single = one.below('/credentials/:credentialId', ({ found: user, params }) => {
    const credential = user.credentials.find((each) => each.id === params['credentialId'])
    if (credential === undefined) throw notFound('Credential not found')
    return { user, credential }
  })
  const change = (
    call: Call<{ user: User; credential: Credential }>,
    to: readonly Credential[],
  ): undefined => {
    const { user, credential } = call.found
    const credentials = user.credentials.flatMap((each) => (each === credential ? to : [each]))
    call.realm.users.put({ ...user, credentials })
    return undefined
  }
  single.delete('', needs.manageUsers, nothing, (call) => change(call, []))
  single.put('/userLabel', needs.manageUsers, nothing, (call) => {
    const label = typeof call.request.body === 'string' ? call.request.body : ''
    if (!isStorable(label)) throw badRequest('unknown_error', 'Cannot parse the JSON')
    return change(call, [{ ...call.found.credential, userLabel: label }])
  })
}

function credentialOf(credential: Credential): Record<string, unknown> {
  const { secretData: _kept, id, type, userLabel, ...rest } = credential
  return { id, type, ...(userLabel === undefined ? {} : { userLabel }), ...rest }
}
