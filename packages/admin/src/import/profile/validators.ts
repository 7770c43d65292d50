import { readJavaPattern } from './java-pattern.ts'

/** What a validator finds in an attribute's values: nothing, what is wrong, or that only Keycloak can tell. */
export type Finding = 'fits' | 'unsure' | { readonly problem: string }

/** Settings of the realm that validators look at. */
export interface ValidatorSettings {
  readonly registrationEmailAsUsername: boolean
  readonly internationalizationEnabled: boolean
}

export type Options = Readonly<Record<string, unknown>>

/** Finds in values what Keycloak's validator finds, as configured. */
export type Validator = (values: readonly string[]) => Finding

/**
 * The validator of a user profile, as Keycloak 26.7 has it: recorded value by value. What is not certain (options that are
 * none, validators of your own, other versions' letters) is `unsure`.
 */
export function validatorOf(name: string, options: Options, settings: ValidatorSettings): Validator {
  const create = Object.hasOwn(validators, name) ? validators[name] : undefined
  return create?.(options, settings) ?? (() => 'unsure')
}

/** The worst of several findings. */
export function worst(findings: Iterable<Finding>): Finding {
  let found: Finding = 'fits'
  for (const finding of findings) {
    if (typeof finding === 'object') return finding
    if (finding === 'unsure') found = finding
  }
  return found
}

/** As Java's `trim`. */
export function trimmed(text: string): string {
  return text.replace(/^[\0- ]+|[\0- ]+$/g, '')
}

/** As Java's `isBlank`: spaces that forbid a line break are none. */
export function isBlank(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- Java counts these as space
  return /^[\t-\r\x1c- \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]*$/.test(text)
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
      if (BigInt.asIntN(64, number) !== number) return wrong('is not a whole number of 64 bits')
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
  'iso-date': () =>
    eachGiven((value) => {
      // Years of more or fewer digits have a sign.
      if (/^[+-][0-9]/.test(value)) return 'unsure'
      const [, year, month, day] = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(value) ?? []
      return isDay(Number(year), Number(month), Number(day)) ? 'fits' : wrong('is not a date like 2025-01-31')
    }),
  'local-date': (_, { internationalizationEnabled }) =>
    // Keycloak takes the form of the language that it answers in.
    eachGiven(internationalizationEnabled ? () => 'unsure' : englishDate),
  uri(options) {
    const schemes = Array.isArray(options['allowedSchemes'])
      ? options['allowedSchemes'].map(String)
      : ['http', 'https']
    const allowsFragment = flagOf(options, 'allowFragment', true)
    const needsUrl = flagOf(options, 'requireValidUrl', true)
    return eachGiven((value) => {
      // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
      if (/[\0- "<>\\^`{|}\x7f]/.test(value)) return wrong('is not a URI')
      const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(value) ?? []
      if (scheme === undefined) return needsUrl && /^[!-~]*$/.test(value) ? wrong('is not a URI') : 'unsure'
      if (!schemes.includes(scheme)) return wrong('has a scheme that it may not have')
      if (!allowsFragment && value.includes('#')) return wrong('has a fragment')
      return usualUrl.test(value) ? 'fits' : 'unsure'
    })
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
      return matches ? 'fits' : wrong('does not fit its pattern')
    })
  },
  options({ options }) {
    const known = Array.isArray(options) ? options : []
    return eachGiven((value) =>
      known.includes(value) ? 'fits' : wrong('is not one of the values that it may have'),
    )
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
            ? wrong('has a character that user names may not have')
            : 'fits',
        ),
  'person-name-prohibited-characters': () =>
    eachGiven((value) =>
      // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
      /[<>&"\x85\u2028\u2029$%!#?§;*~/\\|^=[\]{}()\0-\x1f\x7f]/.test(value)
        ? wrong('has a character that names may not have')
        : 'fits',
    ),
  'up-username-not-idn-homograph': () => homographFinding,
  'not-blank': () => (values) =>
    values.length === 0 || values.some((value) => trimmed(value) === '') ? wrong('is blank') : 'fits',
  'not-empty': () => (values) => (values.length === 0 ? wrong('is empty') : 'fits'),
}

function wrong(problem: string): Finding {
  return { problem }
}

/** Empty values always fit. */
function eachGiven(find: (value: string) => Finding): Validator {
  return (values) => worst(values.map((value) => (value === '' ? 'fits' : find(value))))
}

/** Of numbers, blank values fit as well. */
function eachFilled(find: (value: string) => Finding): Validator {
  return (values) => worst(values.map((value) => (isBlank(value) ? 'fits' : find(value))))
}

interface Range {
  readonly min?: number | undefined
  readonly max?: number | undefined
}

function rangeOf(options: Options, read: (value: unknown) => number | undefined): Range | undefined {
  const min = read(options['min'])
  const max = read(options['max'])
  const isUnread = (name: string, value: number | undefined): boolean =>
    name in options && value === undefined
  return isUnread('min', min) || isUnread('max', max) ? undefined : { min, max }
}

function inRange(value: number | bigint, { min, max }: Range): Finding {
  if (min !== undefined && value < min) return wrong(`is less than ${min}`)
  return max !== undefined && value > max ? wrong(`is more than ${max}`) : 'fits'
}

function toInteger(value: unknown): number | undefined {
  if (typeof value === 'string') return /^[+-]?[0-9]{1,15}$/.test(value) ? Number(value) : undefined
  if (typeof value !== 'number') return undefined
  const whole = Math.trunc(value)
  return Number.isSafeInteger(whole) ? whole : undefined
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'string') return /^[+-]?[0-9]+(?:\.[0-9]+)?$/.test(value) ? Number(value) : undefined
  return typeof value === 'number' ? value : undefined
}

function flagOf(options: Options, name: string, otherwise: boolean): boolean {
  const value = options[name]
  if (typeof value === 'string') return value.toLowerCase() === 'true'
  return typeof value === 'boolean' ? value : otherwise
}

function isDay(year: number, month: number, day: number): boolean {
  if (!(month >= 1 && month <= 12 && day >= 1)) return false
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= ([31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0)
}

/** Java reads it from the beginning, and passes over what follows. */
function englishDate(value: string): Finding {
  const problem = wrong('is not a date like 1/31/2025')
  // Other digits and spaces are Java's to judge.
  if (/[^\0-\x7f]/.test(value)) return 'unsure'
  const [, month, day, year = ''] = /^([0-9]{1,2})\/([0-9]{1,2})\/([0-9]{2}|[0-9]{4})$/.exec(value) ?? []
  if (year !== '') {
    // Two digits are a year at most 80 years ago or 20 ahead: of the hundreds only 2000 is near, a leap year.
    const full = year.length === 2 ? 2000 + Number(year) : Number(year)
    return full > 0 && isDay(full, Number(month), Number(day)) ? 'fits' : problem
  }
  return /^\s*[0-9]+\s*\/\s*[0-9]+\s*\/\s*[0-9]/.test(value) ? 'unsure' : problem
}

const usualUrl =
  /^https?:\/\/(?:[a-z0-9-]+\.)*[a-z][a-z0-9]*(?::[0-9]{1,5})?(?:\/(?:[\w.~!$&'()*+,;=:@/-]|%[\da-f]{2})*)?(?:\?(?:[\w.~!$&'()*+,;=:@/?-]|%[\da-f]{2})*)?(?:#(?:[\w.~!$&'()*+,;=:@/?-]|%[\da-f]{2})*)?$/i

/** What a server allows by itself; its administrator can have said otherwise, which no client sees. */
const usualLocalPart = 64

/** Letters outside of ASCII depend on the realm's mail server and on tables of Java's. */
function emailFinding(value: string, most: number | undefined): Finding {
  const problem = wrong('is not an e-mail address')
  const at = value.lastIndexOf('@')
  const local = value.slice(0, Math.max(at, 0))
  const domain = value.slice(at + 1)
  if (local === '' || domain === '') return problem
  // oxlint-disable-next-line no-control-regex -- ASCII is what is meant
  if (/[^\0-\x7f]/.test(value)) return 'unsure'
  if (!localPart.test(local)) return problem
  if (domain.startsWith('[')) return 'unsure'
  const isDomain = domain.length <= 255 && domain.split('.').every((label) => domainLabel.test(label))
  if (!isDomain) return problem
  if (local.length <= (most ?? usualLocalPart)) return 'fits'
  return most === undefined ? 'unsure' : problem
}

const localPart =
  /^(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+|"(?:[a-z0-9!#$%&'*.(),<>[\]:; @+/=?^_`{|}~-]|\\\\|\\")+")(?:\.(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+|"(?:[a-z0-9!#$%&'*.(),<>[\]:; @+/=?^_`{|}~-]|\\\\|\\")+"))*$/i

const domainLabel = /^(?!-)(?:[a-z0-9!#$%&'*+/=?^`{|}~-]{0,62}[a-z0-9!#$%&'*+/=?^`{|}~])$/i

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
      return wrong('has a letter of another script, which may look like a Latin one')
    }),
  )
}
