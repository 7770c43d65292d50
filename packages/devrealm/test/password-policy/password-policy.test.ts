import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminTarget, openAdmin } from '../admin/support.ts'

describe('a password policy', () => {
  let target: AdminTarget
  let id: string

  beforeAll(async () => {
    target = await openAdmin()
    id = (await target.admin.users.create({ username: 'pol', email: 'pol@x.io' })).id
  })
  afterAll(() => target.close())

  it.each([
    ['length(8)', 'short', 'invalidPasswordMinLengthMessage', 'minimum length 8.'],
    ['maxLength(3)', 'abcd', 'invalidPasswordMaxLengthMessage', 'maximum length 3.'],
    ['digits(2)', 'a1b', 'invalidPasswordMinDigitsMessage', 'must contain at least 2 numerical digits.'],
    [
      'lowerCase(1)',
      'ABC',
      'invalidPasswordMinLowerCaseCharsMessage',
      'must contain at least 1 lower case characters.',
    ],
    [
      'upperCase(1)',
      'abc',
      'invalidPasswordMinUpperCaseCharsMessage',
      'must contain at least 1 upper case characters.',
    ],
    [
      'specialChars(1)',
      'abc',
      'invalidPasswordMinSpecialCharsMessage',
      'must contain at least 1 special characters.',
    ],
    [
      'notUsername(undefined)',
      'pol',
      'invalidPasswordNotUsernameMessage',
      'must not be equal to the username.',
    ],
    ['notEmail', 'pol@x.io', 'invalidPasswordNotEmailMessage', 'must not be equal to the email.'],
    [
      'regexPattern(^[0-9]+$)',
      'abc',
      'invalidPasswordRegexPatternMessage',
      'fails to match regex pattern(s).',
    ],
    [
      'length(8) and digits(2)',
      'abcdefghi',
      'invalidPasswordMinDigitsMessage',
      'must contain at least 2 numerical digits.',
    ],
  ])('%s rejects %s', async (passwordPolicy, value, error, reason) => {
    await target.admin.realms.update({ realm: 'demo' }, { passwordPolicy })
    const reply = await target.send('PUT', `/demo/users/${id}/reset-password`, { type: 'password', value })
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text)).toEqual({ error, error_description: `Invalid password: ${reason}` })
    const created = await target.send('POST', '/demo/users', {
      username: 'pol2',
      email: 'pol2@x.io',
      credentials: [{ type: 'password', value: value.replace('pol', 'pol2').replace('pol2@', 'pol2@') }],
    })
    expect(created.status).toBe(400)
    expect((await target.send('GET', '/demo/users?username=pol2')).text).toBe('[]')
  })

  it('must exist and be well formed', async () => {
    const put = (passwordPolicy: string) => target.send('PUT', '/demo', { passwordPolicy })
    expect(await put('nope(8)')).toMatchObject({
      status: 400,
      text: '{"errorMessage":"Password policy not found"}',
    })
    expect((await put('length(abc)')).text).toBe(
      '{"errorMessage":"Invalid config for length: Not a valid number"}',
    )
    expect(await put('')).toMatchObject({ status: 204 })
  })
})
