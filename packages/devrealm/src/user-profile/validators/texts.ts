import { isFilled } from '../attributes.ts'
import { flagOption, ofEach, textOption, type Validator, wholeOption } from './validator.ts'

/** Java's trim: removes characters up to U+0020. */
function trimmed(value: string): string {
  return value.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '')
}

/** `length`: UTF-16 units, trimmed by default. */
export const length: Validator = ofEach((value, options) => {
  const [min, max] = [wholeOption(options['min']), wholeOption(options['max'])]
  const size = (flagOption(options['trim-disabled'], false) ? value : trimmed(value)).length
  if ((min === undefined || size >= min) && (max === undefined || size <= max)) return undefined
  if (max === undefined) return ['error-invalid-length-too-short', min, null]
  if (min === undefined) return ['error-invalid-length-too-long', null, max]
  return ['error-invalid-length', min, max]
})

export const pattern: Validator = ofEach((value, options, { isMatch }) => {
  const given = String(options['pattern'])
  if (isMatch(given, value)) return undefined
  return [textOption(options['error-message'], '') || 'error-pattern-no-match', given]
})

export const options: Validator = ofEach((value, { options: allowed }) =>
  Array.isArray(allowed) && allowed.includes(value) ? undefined : ['error-invalid-value'],
)

/** `multivalued`: the number of values that are not blank. */
export const multivalued: Validator = (values, { isRequired, ...limits }) => {
  const min = wholeOption(limits['min']) ?? (isRequired === true ? 1 : 0)
  const max = wholeOption(limits['max']) ?? null
  const count = values.filter(isFilled).length
  if (count === 0 && isRequired === true) return []
  return count >= min && (max === null || count <= max) ? [] : [['error-invalid-multivalued-size', min, max]]
}

export const notEmpty: Validator = (values) => (values.length === 0 ? [['error-empty', []]] : [])

export const notBlank: Validator = (values) => {
  if (values.length === 0) return [['error-invalid-blank', []]]
  return values.filter((value) => !isFilled(value)).map((value) => ['error-invalid-blank', value] as const)
}

// oxlint-disable-next-line no-control-regex -- control characters are what must not be there
const noUsername = /[<>&"'\s$%!#?§,;:*~/\\|^=[\]{}()`\0-\x1f\x7f\x85\u180e]/u
// oxlint-disable-next-line no-control-regex -- control characters are what must not be there
const noName = /[<>&"\n\v\f\r\x85\u2028\u2029$%!#?§;*~/\\|^=[\]{}()\0-\x1f\x7f]/u
/** Rejects look-alike letters of other scripts. The literal `|` is from Keycloak. */
const latin = /^[\p{Script=Latin}\p{Script=Common}|]+$/u

export const usernameCharacters: Validator = ofEach((value, given, { emailAsUsername }) =>
  emailAsUsername || !noUsername.test(value)
    ? undefined
    : [textOption(given['error-message'], 'error-username-invalid-character')],
)

export const personNameCharacters: Validator = ofEach((value, given) =>
  noName.test(value)
    ? [textOption(given['error-message'], 'error-person-name-invalid-character')]
    : undefined,
)

export const noHomograph: Validator = ([value = ''], given) => {
  if (!isFilled(value) || latin.test(value)) return []
  return [[textOption(given['error-message'], '') || 'error-username-invalid-character']]
}
