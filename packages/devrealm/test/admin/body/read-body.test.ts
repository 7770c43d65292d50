import { describe, expect, it } from 'vitest'
import { readBody } from '../../../src/admin/body/read-body.ts'
import { listOf } from '../../../src/admin/body/shape.ts'
import type { AdminError } from '../../../src/admin/errors.ts'
import { clientShape } from '../../../src/admin/representations/client.ts'
import { roleShape } from '../../../src/admin/representations/role.ts'
import { userShape } from '../../../src/admin/representations/user.ts'

const parsing = { error: 'unknown_error', error_description: 'Cannot parse the JSON' }
const unknown = (name: string, field: string, line: number, column: number) => ({
  error: `Invalid json representation for ${name}. Unrecognized field "${field}" at line ${line} column ${column}.`,
})

describe('a request body', () => {
  // Each line was recorded from Keycloak 26.7.4.
  it.each([
    ['not JSON', '{bad', { error: 'invalid_request', error_description: 'Cannot parse the JSON' }],
    ['a list', '[]', parsing],
    ['a string', '"x"', parsing],
    ['a wrong boolean', '{"username":"abc","enabled":"maybe"}', parsing],
    ['an unknown number', '{"username":"abc","foo":1}', unknown('UserRepresentation', 'foo', 1, 26)],
    [
      'an unknown object on a later line',
      '{\n "username":"qqq",\n  "zzz":{"a":1}}',
      unknown('UserRepresentation', 'zzz', 3, 10),
    ],
    ['an unknown string', '{"zzz":"abc","username":"qqq"}', unknown('UserRepresentation', 'zzz', 1, 9)],
    ['an unknown list', '{"zzz":[1,2],"username":"qqq"}', unknown('UserRepresentation', 'zzz', 1, 9)],
    ['an unknown boolean', '{"zzz": true}', unknown('UserRepresentation', 'zzz', 1, 13)],
    ['spaces around', '{"zzz" : 12 }', unknown('UserRepresentation', 'zzz', 1, 12)],
    [
      'an unknown field of a credential',
      '{"username":"qqq","credentials":[{"type":"password","zzz":1}]}',
      unknown('CredentialRepresentation', 'zzz', 1, 60),
    ],
    [
      'quotes and brackets in earlier strings',
      '{"username":"a\\"}],{","zzz":1}',
      unknown('UserRepresentation', 'zzz', 1, 30),
    ],
  ])('with %s is rejected', (_, text, body) => {
    expect(errorOf(() => readBody(userShape, text))).toMatchObject({ status: 400, body })
  })

  it('names the place of an error within lists and nested representations', () => {
    const list = errorOf(() => readBody(listOf(roleShape), '[{"id":"1"},{"id":"2","foo":1}]'))
    expect(list?.body).toEqual(unknown('RoleRepresentation', 'foo', 1, 30))
    const mapper = errorOf(() => readBody(clientShape, '{"protocolMappers":[{"name":"q","zzz":1}]}'))
    expect(mapper?.body).toEqual(unknown('ProtocolMapperRepresentation', 'zzz', 1, 40))
  })

  it('may have strings for numbers and booleans, a single attribute value for a list, null for an absent field', () => {
    const text =
      '{"enabled":"true","createdTimestamp":"7","firstName":12,"lastName":null,"attributes":{"a":"x"}}'
    const body = { enabled: true, createdTimestamp: 7, firstName: '12', attributes: { a: ['x'] } }
    expect(readBody(userShape, text)).toEqual(body)
  })

  it('sets no prototype', () => {
    const error = errorOf(() => readBody(userShape, '{"__proto__":{"enabled":true}}'))
    expect(error?.body).toEqual(unknown('UserRepresentation', '__proto__', 1, 15))
    const { attributes } = readBody(userShape, '{"attributes":{"__proto__":["x"],"constructor":["y"]}}')
    expect(Object.getPrototypeOf(attributes)).toBe(Object.prototype)
    expect(Object.keys(attributes ?? {})).toEqual(['__proto__', 'constructor'])
  })
})

function errorOf(work: () => unknown): AdminError | undefined {
  try {
    work()
  } catch (error) {
    return error as AdminError
  }
  return undefined
}
