import { isoDate, localDate } from './dates.ts'
import { email } from './emails.ts'
import { double, integer } from './numbers.ts'
import * as texts from './texts.ts'
import { uri } from './uris.ts'
import type { Validator } from './validator.ts'

/** Keycloak's validators by name, without those that need more than the value. */
export const validators: Readonly<Record<string, Validator>> = {
  length: texts.length,
  pattern: texts.pattern,
  options: texts.options,
  multivalued: texts.multivalued,
  'not-empty': texts.notEmpty,
  'not-blank': texts.notBlank,
  'username-prohibited-characters': texts.usernameCharacters,
  'person-name-prohibited-characters': texts.personNameCharacters,
  'up-username-not-idn-homograph': texts.noHomograph,
  integer,
  double,
  'iso-date': isoDate,
  'local-date': localDate,
  email,
  uri,
}
