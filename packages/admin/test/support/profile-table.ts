import type { ImportedUser } from '@cloakwright/admin/files'
import type { UserProfileConfig } from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js'

/** A user profile with each of Keycloak's validators, and what Keycloak 26.7.4 said of users by `POST users`. */
type Attribute = NonNullable<UserProfileConfig['attributes']>[number]

const permissions = { view: ['admin', 'user'], edit: ['admin', 'user'] }

function attribute(name: string, validations: object, more: Attribute = {}): Attribute {
  return { name, validations: validations as Record<string, never>, multivalued: true, permissions, ...more }
}

/** Apart from `username`, `email` and the names, as Keycloak has them by default. */
export const customAttributes: readonly Attribute[] = [
  attribute('len', { length: { min: 3, max: 5 } }),
  attribute('lenText', { length: { min: '3', max: '5', 'trim-disabled': true } }),
  attribute('int', { integer: { min: -5, max: '5' } }),
  attribute('long', { integer: {} }),
  attribute('dbl', { double: { min: 0.5, max: '2.5' } }),
  attribute('iso', { 'iso-date': {} }),
  attribute('born', { 'local-date': {} }),
  attribute('uri', { uri: {} }),
  attribute('plainFtp', { uri: { allowedSchemes: ['ftp'], allowFragment: false } }),
  attribute('mail', { email: {} }),
  attribute('shortMail', { email: { 'max-local-length': '10' } }),
  attribute('opt', { options: { options: ['red', 'blue'] } }),
  attribute('few', { multivalued: { max: 2 } }, { multivalued: false }),
  attribute('one', {}, { multivalued: false }),
  attribute('user', { 'username-prohibited-characters': {} }),
  attribute('person', { 'person-name-prohibited-characters': {} }),
  attribute('latin', { 'up-username-not-idn-homograph': {} }),
  attribute('code', { pattern: { pattern: '^[A-Z]{2}-\\d+$' } }),
  attribute('javaCode', { pattern: { pattern: '[A-Z]++' } }),
  attribute('nested', { pattern: { pattern: '(a+)+' } }),
  attribute('note', {}),
  attribute('byScope', {}, { required: { roles: ['admin'], scopes: ['profile'] } }),
  attribute('byUser', {}, { required: { roles: ['user'] } }),
  attribute('preset', { length: { max: 3 } }, { required: {}, defaultValue: 'yes' } as Attribute),
  attribute(
    'ofUsers',
    { length: { max: 3 } },
    { required: {}, permissions: { view: ['admin'], edit: ['user'] } },
  ),
]

export type Verdict = 'takes' | 'refuses'
/** Whether the import can tell, or leaves it to Keycloak. */
type Teller = 'import' | 'Keycloak'

type Case = readonly [field: string, value: string | readonly string[], verdict: Verdict, teller?: Teller]

export const cases: readonly Case[] = [
  ['len', '', 'takes'],
  ['len', ' ', 'refuses'],
  ['len', ' ab ', 'refuses'],
  ['len', ' abcde ', 'takes'],
  ['len', 'abcdef', 'refuses'],
  ['len', '\u{1f600}\u{1f600}', 'takes'],
  ['len', '\u00a0ab', 'takes'],
  ['lenText', ' ab', 'takes'],
  ['lenText', ' abcde', 'refuses'],
  ['note', 'x'.repeat(2048), 'takes'],
  ['note', `${'x'.repeat(2048)} `, 'takes'],
  ['note', 'x'.repeat(2049), 'refuses'],
  ['locale', 'x'.repeat(2049), 'refuses'],
  ['unknown', 'x'.repeat(2049), 'takes'],
  ['LDAP_ID', 'x', 'takes'],
  ['int', '+5', 'takes'],
  ['int', '6', 'refuses'],
  ['int', '1.0', 'refuses'],
  ['int', ' 1', 'refuses'],
  ['int', ' ', 'takes'],
  ['int', '\u0663', 'takes', 'Keycloak'],
  ['long', '9223372036854775807', 'takes'],
  ['long', '9223372036854775808', 'refuses'],
  ['dbl', '2.5', 'takes'],
  ['dbl', '2.6', 'refuses'],
  ['dbl', ' 1e0d', 'takes'],
  ['dbl', 'NaN', 'takes'],
  ['dbl', 'Infinity', 'refuses'],
  ['dbl', '1,5', 'refuses'],
  ['dbl', '0x1p0', 'takes', 'Keycloak'],
  ['iso', '2024-02-29', 'takes'],
  ['iso', '2023-02-29', 'refuses'],
  ['iso', '1900-02-29', 'refuses'],
  ['iso', '2025-1-2', 'refuses'],
  ['iso', '2025-01-02T00:00', 'refuses'],
  ['iso', '-2025-01-02', 'takes', 'Keycloak'],
  ['born', '1/31/2025', 'takes'],
  ['born', '02/29/24', 'takes'],
  ['born', '2/29/2023', 'refuses'],
  ['born', '31/1/25', 'refuses'],
  ['born', '2025-01-31', 'refuses'],
  ['born', '31.1.2025', 'refuses'],
  ['born', '1/31/25 at noon', 'takes', 'Keycloak'],
  ['uri', 'https://a.example/b?c=d#e', 'takes'],
  ['uri', 'a', 'refuses'],
  ['uri', '//a/b', 'refuses'],
  ['uri', 'ftp://a.example', 'refuses'],
  ['uri', 'HTTP://a.example', 'refuses'],
  ['uri', 'http://a b', 'refuses'],
  ['uri', 'http://a/%zz', 'refuses', 'Keycloak'],
  ['uri', 'http://[::1]/', 'takes', 'Keycloak'],
  ['uri', 'http:', 'refuses', 'Keycloak'],
  ['plainFtp', 'ftp://a.example', 'takes', 'Keycloak'],
  ['plainFtp', 'ftp://a.example#b', 'refuses'],
  ['plainFtp', 'http://a.example', 'refuses'],
  ['mail', "o'neil@example.com", 'takes'],
  ['mail', 'a@b', 'takes'],
  ['mail', 'a@b_c', 'refuses'],
  ['mail', 'a..b@c', 'refuses'],
  ['mail', 'a@b..c', 'refuses'],
  ['mail', 'a@b.', 'refuses'],
  ['mail', 'a@-b', 'refuses'],
  ['mail', 'a@b-', 'refuses'],
  ['mail', '"a b"@c', 'takes'],
  ['mail', `a@${'b'.repeat(64)}`, 'refuses'],
  ['mail', 'a@\u00fc.example', 'takes', 'Keycloak'],
  ['mail', `${'x'.repeat(65)}@b`, 'refuses', 'Keycloak'],
  ['mail', 'a@[1.2.3.4]', 'takes', 'Keycloak'],
  ['shortMail', `${'x'.repeat(10)}@b`, 'takes'],
  ['shortMail', `${'x'.repeat(11)}@b`, 'refuses'],
  ['opt', 'red', 'takes'],
  ['opt', 'Red', 'refuses'],
  ['few', ['a', 'b', ''], 'takes'],
  ['few', ['a', 'b', 'c'], 'refuses'],
  ['one', ['a', ' '], 'takes'],
  ['one', ['a', 'b'], 'refuses'],
  ['user', 'a+b@c.d-e_f', 'takes'],
  ['user', 'a b', 'refuses'],
  ['user', 'a`b', 'refuses'],
  ['user', 'a\u3000b', 'refuses'],
  ['user', 'a\u200b', 'takes'],
  ['person', "d'Arc: a`b_c", 'takes'],
  ['person', 'a<', 'refuses'],
  ['person', 'a\u2028', 'refuses'],
  ['person', 'a\u009f', 'takes'],
  ['latin', '\u00e9\u017e|<', 'takes'],
  ['latin', '\u0430dmin', 'refuses'],
  ['latin', '\u5f20', 'refuses'],
  ['latin', ['a', '\u0430'], 'takes'],
  ['latin', '\u{1f600}', 'takes', 'Keycloak'],
  ['code', 'AB-12', 'takes'],
  ['code', 'AB-12\n', 'refuses'],
  ['code', 'ab-12', 'refuses'],
  ['javaCode', 'ABC', 'takes', 'Keycloak'],
  ['javaCode', 'abc', 'refuses', 'Keycloak'],
  ['nested', 'aaaa', 'takes'],
  ['nested', 'b', 'refuses'],
  ['byScope', [], 'takes'],
  ['byUser', [], 'takes'],
  ['preset', [], 'takes'],
  ['preset', '', 'refuses'],
  ['preset', 'four', 'refuses'],
  ['ofUsers', 'abc', 'takes'],
  ['ofUsers', 'abcd', 'refuses'],
  ['username', 'ab', 'refuses'],
  ['username', '\u00c9va', 'takes'],
  ['username', '\u0130stanbul', 'refuses'],
  ['username', '\u043a\u0438\u0440\u0438\u043b\u043b', 'refuses'],
  ['username', '\u5f20\u4f1f12345', 'refuses'],
  ['username', '\u0430dmin', 'refuses'],
  ['username', 'a b c', 'refuses'],
  ['email', 'a@b_c', 'refuses'],
  ['email', '\u00fc@mail.example', 'takes', 'Keycloak'],
  ['firstName', 'a<b', 'refuses'],
  ['lastName', "O'Neil", 'takes'],
]

const fields: readonly string[] = ['username', 'email', 'firstName', 'lastName']

/** The user of a case, else as any. */
export function userOf([field, value]: Case, at: number, prefix: string): ImportedUser {
  const own = fields.includes(field)
    ? { [field]: value }
    : { attributes: { [field]: typeof value === 'string' ? [value] : [...value] } }
  return { username: `${prefix}-${at}`, enabled: true, ...own }
}

/** A profile with these attributes, made of a realm's own: names of persons are not required. */
export function withAttributes(
  profile: UserProfileConfig,
  attributes: readonly Attribute[],
): UserProfileConfig {
  const own = (profile.attributes ?? []).map((each) => {
    const { required: _required, ...optional } = each
    return each.name === 'firstName' || each.name === 'lastName' ? optional : each
  })
  return { ...profile, attributes: [...own, ...attributes] }
}
