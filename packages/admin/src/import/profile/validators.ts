import { emailFinding, uriFinding } from './address-findings.ts'
import { englishDate, isoDate } from './date-findings.ts'
import {
  eachFilled,
  eachGiven,
  type Finding,
  isBlank,
  trimmed,
  type Validator,
  worst,
  wrong,
} from './findings.ts'
import { readJavaPattern } from './java-pattern.ts'
import { flagOf, type Options, type Range, rangeOf, toInteger, toNumber } from './validator-options.ts'

/** Settings of the realm that validators look at. */
export interface ValidatorSettings {
  readonly registrationEmailAsUsername: boolean
  readonly internationalizationEnabled: boolean
}

/**
 * The validator of a user profile, as Keycloak 26.7 has it: recorded value by value. What is not certain (options that are
 * none, validators of your own, other versions' letters) is `unsure`.
 */
export function validatorOf(name: string, options: Options, settings: ValidatorSettings): Validator {
  const create = Object.hasOwn(validators, name) ? validators[name] : undefined
  return create?.(options, settings) ?? (() => 'unsure')
}

/** Undefined where the options are none that Keycloak would keep. */
type Create = (options: Options, settings: ValidatorSettings) => Validator | undefined

const validators: Readonly<Record<string, Create>> = {
  length(options) {
    const range = rangeOf(options, toInteger)
    if (range === undefined) return undefined
    const isTrimmed = flagOf(options, 'trim-disabled', false) === false
    return eachGiven((value) => {
      const { length } = isTrimmed ? trimmed(value) : value
      if (range.min !== undefined && length < range.min)
        return wrong(`has fewer than ${range.min} characters`)
      return range.max !== undefined && length > range.max
        ? wrong(`has more than ${range.max} characters`)
        : 'fits'
    })
  },
  integer(options) {
    const range = rangeOf(options, toInteger)
    if (range === undefined) return undefined
    return eachFilled((value) => {
      // Java takes the digits of other scripts too.
      if (!/^[+-]?[0-9]+$/.test(value)) {
        return /^[+-]?[\p{Nd}]+$/u.test(value) ? 'unsure' : wrong('is not a whole number')
      }
      const number = BigInt(value.replace('+', ''))
      if (BigInt.asIntN(64, number) !== number) return wrong('does not fit into 64 bits')
      return inRange(number, range)
    })
  },
  double(options) {
    const range = rangeOf(options, toNumber)
    if (range === undefined) return undefined
    return eachFilled((value) => {
      const text = trimmed(value)
      if (/^[+-]?0x/i.test(text)) return 'unsure'
      if (/^[+-]?NaN$/.test(text)) return 'fits'
      const [, number = ''] =
        /^([+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))[fFdD]?$/.exec(text) ?? []
      if (number === '' || /Infinity.$/.test(text)) return wrong('is not a number')
      return inRange(Number(number), range)
    })
  },
  'iso-date': () => eachGiven(isoDate),
  'local-date': (_, { internationalizationEnabled }) =>
    // Keycloak takes the form of the language that it answers in.
    eachGiven(internationalizationEnabled ? () => 'unsure' : englishDate),
  uri(options) {
    const schemes = Array.isArray(options['allowedSchemes'])
      ? options['allowedSchemes'].map(String)
      : ['http', 'https']
    const allowsFragment = flagOf(options, 'allowFragment', true)
    const needsUrl = flagOf(options, 'requireValidUrl', true)
    return eachGiven((value) => uriFinding(value, schemes, allowsFragment, needsUrl))
  },
  email(options) {
    const given = options['max-local-length']
    const most = given === undefined ? undefined : toInteger(given)
    if (given !== undefined && most === undefined) return undefined
    return eachGiven((value) => emailFinding(value, most))
  },
  pattern({ pattern }) {
    const match = typeof pattern === 'string' ? readJavaPattern(pattern) : undefined
    return eachGiven((value) => {
      const matches = match?.(value)
      if (matches === undefined) return 'unsure'
      return matches ? 'fits' : wrong('does not match the required pattern')
    })
  },
  options({ options }) {
    const known = Array.isArray(options) ? options : []
    return eachGiven((value) => (known.includes(value) ? 'fits' : wrong('is not one of the allowed values')))
  },
  multivalued(options) {
    const range = rangeOf(options, toInteger)
    if (range?.max === undefined) return undefined
    const { min = 0, max } = range
    return (values) => {
      const count = values.filter((value) => !isBlank(value)).length
      if (count < min) return wrong(`has fewer than ${min} values`)
      if (count <= max) return 'fits'
      return wrong(max === 1 ? 'has more than one value' : `has more than ${max} values`)
    }
  },
  'username-prohibited-characters': (_, { registrationEmailAsUsername }) =>
    registrationEmailAsUsername
      ? () => 'fits'
      : eachGiven((value) =>
          // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
          /[<>&"'\s\x85\u180e$%!#?§,;:*~/\\|^=[\]{}()`\0-\x1f\x7f]/.test(value.replaceAll('\ufeff', ''))
            ? wrong('has a character that Keycloak forbids')
            : 'fits',
        ),
  'person-name-prohibited-characters': () =>
    eachGiven((value) =>
      // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
      /[<>&"\x85\u2028\u2029$%!#?§;*~/\\|^=[\]{}()\0-\x1f\x7f]/.test(value)
        ? wrong('has a character that Keycloak forbids')
        : 'fits',
    ),
  'up-username-not-idn-homograph': () => homographFinding,
  'not-blank': () => (values) =>
    values.length === 0 || values.some((value) => trimmed(value) === '') ? wrong('is blank') : 'fits',
  'not-empty': () => (values) => (values.length === 0 ? wrong('is empty') : 'fits'),
}

function inRange(value: number | bigint, { min, max }: Range): Finding {
  if (min !== undefined && value < min) return wrong(`is less than ${min}`)
  return max !== undefined && value > max ? wrong(`is more than ${max}`) : 'fits'
}

/** Latin letters and what all scripts share; Keycloak looks at the first value alone. */
function homographFinding([value = '']: readonly string[]): Finding {
  // oxlint-disable-next-line no-control-regex -- ASCII is what is meant
  if (trimmed(value) === '' || /^[\0-\x7f]*$/.test(value)) return 'fits'
  return worst(
    Array.from(value, (character): Finding => {
      if (/[\p{Script=Latin}\p{Script=Common}]/u.test(character)) {
        // What came with later versions of Unicode depends on the server's Java.
        return character < '\u20c0' ? 'fits' : 'unsure'
      }
      if (character.length > 1 || /[\p{Cn}\p{Cs}]/u.test(character)) return 'unsure'
      return wrong('has a non-Latin letter, which Keycloak forbids')
    }),
  )
}
