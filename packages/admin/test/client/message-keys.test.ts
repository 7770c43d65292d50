import { NetworkError } from '@keycloak/keycloak-admin-client'
import { describe, expect, test } from 'vitest'
import { refusalReason, toAdminError } from '../../src/client/errors.ts'
import { sentenceOf } from '../../src/client/message-keys.ts'

describe('a message key of a user profile validator', () => {
  test.each<[key: string, field: string, limits: unknown[], sentence: string]>([
    [
      'error-username-invalid-character',
      'username',
      [],
      'the user name has a character that Keycloak forbids',
    ],
    [
      'error-person-name-invalid-character',
      'lastName',
      [],
      'the last name has a character that Keycloak forbids',
    ],
    ['error-invalid-email', 'email', ['junk'], 'the e-mail address is not a valid e-mail address'],
    ['error-invalid-length', 'username', [3, 255], 'the user name must have 3 to 255 characters'],
    [
      'error-invalid-length-too-short',
      'badge',
      [3, null],
      'the attribute badge must have at least 3 characters',
    ],
    [
      'error-invalid-length-too-long',
      'badge',
      [null, 9],
      'the attribute badge must have at most 9 characters',
    ],
    ['error-invalid-multivalued-size', 'badge', [0, 1], 'the attribute badge must have 0 to 1 values'],
    ['error-number-out-of-range', 'age', [1, 5], 'the attribute age must be from 1 to 5'],
    ['error-number-out-of-range-too-small', 'age', [1, null], 'the attribute age must be at least 1'],
    ['error-number-out-of-range-too-big', 'age', [null, 5], 'the attribute age must be at most 5'],
    ['error-invalid-number', 'age', [], 'the attribute age is not a valid number'],
    ['error-pattern-no-match', 'code', ['[A-Z]+'], 'the attribute code does not match the required pattern'],
    ['error-user-attribute-required', 'firstName', [], 'the first name is required'],
    ['error-user-attribute-read-only', 'username', [], 'the user name is read-only'],
    ['error-invalid-value', 'team', [], 'the attribute team is not one of the allowed values'],
    ['error-invalid-date', 'born', [], 'the attribute born is not a valid date'],
    ['error-invalid-uri', 'page', [], 'the attribute page is not a valid URI'],
    ['error-invalid-uri-scheme', 'page', [], 'the attribute page has a URI scheme that is not allowed'],
  ])('%s is a sentence without the value', (key, field, limits, sentence) => {
    expect(sentenceOf(key, { field, params: [field, ...limits] })).toBe(sentence)
  })
})

describe('a message key of a password policy', () => {
  test.each([
    [
      'invalidPasswordMinLengthMessage',
      'minimum length 12.',
      'the password must have at least 12 characters',
    ],
    [
      'invalidPasswordMinLengthMessage',
      'mindestens 12 Zeichen',
      'the password must have at least 12 characters',
    ],
    ['invalidPasswordMaxLengthMessage', 'maximum length 64.', 'the password must have at most 64 characters'],
    ['invalidPasswordMinDigitsMessage', 'at least 2 digits', 'the password needs at least 2 digits'],
    ['invalidPasswordNotUsernameMessage', undefined, 'the password must not be the user name'],
    ['invalidPasswordHistoryMessage', 'last 3', 'the password must differ from the last 3 passwords'],
    ['invalidPasswordBlacklistedMessage', undefined, 'the password is on the list of forbidden passwords'],
  ])('%s (%s) is a sentence', (key, description, sentence) => {
    expect(sentenceOf(key, { description })).toBe(sentence)
  })
})

test.each(['error-of-an-extension', 'unknown_error', 'constructor', ''])(
  'leaves the unknown key "%s" as it is',
  (key) => {
    expect(sentenceOf(key, { field: 'badge' })).toBeUndefined()
  },
)

test('the reason of a refusal is one short line, whatever field the server names', () => {
  const response = Response.json({}, { status: 400 })
  Object.defineProperty(response, 'url', { value: 'https://sso.example.com/admin/realms/shop/users' })
  const field = `team\n\u001b[2J${'x'.repeat(1000)}`
  const responseData = { errorMessage: 'error-invalid-value', field, params: [field] }
  const cause = new NetworkError('refused', { response, responseData })
  const error = toAdminError('https://sso.example.com', { method: 'POST', name: 'users.create' }, cause, 1)
  expect(refusalReason(error)).toMatch(/^the attribute team \[2Jx{278}$/)
})
