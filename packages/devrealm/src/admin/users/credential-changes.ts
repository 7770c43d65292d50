import { randomUUID } from 'node:crypto'
import { passwordCredential } from '../../crypto/index.ts'
import type { Credential, User } from '../../model/index.ts'
import { passwordProblem } from '../../password-policy/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { isObject } from '../body/index.ts'
import { AdminError, badRequest } from '../errors.ts'
import type { CredentialBody } from '../representations/index.ts'

/** A prepared change of a user: hashing takes time, and the user may change in the meantime. */
export type UserChange = (user: User) => User

/**
 * Hashes a password; a temporary one must be changed at the next login.
 *
 * @throws {AdminError} 400 if the realm's policy rejects it
 */
export async function passwordChange(
  realm: RealmStore,
  user: Readonly<User>,
  password: string,
  temporary: boolean,
): Promise<UserChange> {
  const problem = await passwordProblem(realm, user, password)
  if (problem !== undefined) throw badRequest(problem.key, problem.message)
  const made = await passwordCredential(password, realm.now())
  return (before) => {
    const old = before.credentials.find((credential) => credential.type === 'password')
    const others = before.credentials.filter((each) => each !== old)
    const actions = before.requiredActions.filter((action) => action !== 'UPDATE_PASSWORD')
    return {
      ...before,
      credentials: [{ ...made, id: old?.id ?? made.id }, ...others],
      requiredActions: temporary ? [...actions, 'UPDATE_PASSWORD'] : actions,
    }
  }
}

/** The credentials of a body: plain passwords are hashed, exported ones are stored unchanged. */
export async function credentialChange(
  realm: RealmStore,
  user: Readonly<User>,
  bodies: readonly CredentialBody[],
): Promise<UserChange> {
  const changes: UserChange[] = []
  for (const body of bodies) {
    if (body.value !== undefined && (body.secretData === undefined || body.credentialData === undefined)) {
      changes.push(await passwordChange(realm, user, body.value, body.temporary ?? false))
      continue
    }
    const data = storedForm(body)
    if (data === undefined) continue
    const credential = imported(realm, { ...body, ...data })
    changes.push((before) => ({ ...before, credentials: [...before.credentials, credential] }))
  }
  return (before) => changes.reduce((changed, change) => change(changed), before)
}

type StoredForm = Required<Pick<CredentialBody, 'secretData' | 'credentialData'>>

/** Exports before Keycloak 8 have separate members for a hash. */
function storedForm(body: CredentialBody): StoredForm | undefined {
  const { secretData, credentialData, hashedSaltedValue: value } = body
  if (secretData !== undefined && credentialData !== undefined) return { secretData, credentialData }
  const isNothing = value === undefined && secretData === undefined && credentialData === undefined
  if (isNothing && body.type === undefined) return undefined
  const { type, salt, algorithm, hashIterations, digits, counter, period } = body
  if (type === 'totp' || type === 'hotp') {
    const data = { subType: type, digits, counter, period, algorithm }
    return { secretData: JSON.stringify({ value }), credentialData: JSON.stringify(data) }
  }
  if (type !== 'password' || hashIterations === undefined) throw unreadable()
  const additionalParameters = {}
  return {
    secretData: JSON.stringify({ value, salt, additionalParameters }),
    credentialData: JSON.stringify({ hashIterations, algorithm, additionalParameters }),
  }
}

/** The allowed members of a password's JSON strings. */
const known = {
  secretData: ['value', 'salt', 'additionalParameters'],
  credentialData: ['hashIterations', 'algorithm', 'additionalParameters'],
} as const

function imported(realm: RealmStore, body: CredentialBody & StoredForm): Credential {
  const { secretData, credentialData } = body
  if (![secretData, credentialData].every(isJson)) {
    throw new AdminError(500, { error: 'invalid_request', error_description: 'Cannot parse the JSON' })
  }
  const type = ['otp', 'totp', 'hotp'].includes(body.type ?? '') ? 'otp' : 'password'
  for (const [member, members] of Object.entries(known)) {
    const data: unknown = JSON.parse(member === 'secretData' ? secretData : credentialData)
    const isKnown = (name: string): boolean => members.some((each) => each === name)
    if (!isObject(data) || (type === 'password' && !Object.keys(data).every(isKnown))) {
      throw unreadable()
    }
  }
  return {
    id: body.id ?? randomUUID(),
    type,
    ...(body.userLabel === undefined ? {} : { userLabel: body.userLabel }),
    createdDate: body.createdDate ?? realm.now(),
    secretData,
    credentialData,
  }
}

/** Keycloak returns 500; here it is a bad request. */
function unreadable(): AdminError {
  return badRequest('unknown_error', 'Cannot parse the JSON')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
