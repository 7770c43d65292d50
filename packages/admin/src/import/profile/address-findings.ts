import { type Finding, wrong } from './findings.ts'

export function uriFinding(
  value: string,
  schemes: readonly string[],
  allowsFragment: boolean,
  needsUrl: boolean,
): Finding {
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  if (/[\0- "<>\\^`{|}\x7f]/.test(value)) return wrong('is not a valid URI')
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(value) ?? []
  if (scheme === undefined) return needsUrl && /^[!-~]*$/.test(value) ? wrong('is not a valid URI') : 'unsure'
  if (!schemes.includes(scheme)) return wrong('has a URI scheme that is not allowed')
  if (!allowsFragment && value.includes('#')) return wrong('has a fragment, which is not allowed')
  return usualUrl.test(value) ? 'fits' : 'unsure'
}

const usualUrl =
  /^https?:\/\/(?:[a-z0-9-]+\.)*[a-z][a-z0-9]*(?::[0-9]{1,5})?(?:\/(?:[\w.~!$&'()*+,;=:@/-]|%[\da-f]{2})*)?(?:\?(?:[\w.~!$&'()*+,;=:@/?-]|%[\da-f]{2})*)?(?:#(?:[\w.~!$&'()*+,;=:@/?-]|%[\da-f]{2})*)?$/i

/** What a server allows by itself; its administrator can have said otherwise, which no client sees. */
const usualLocalPart = 64

/** Letters outside of ASCII depend on the realm's mail server and on tables of Java's. */
export function emailFinding(value: string, most: number | undefined): Finding {
  const problem = wrong('is not a valid e-mail address')
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
