import { isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { ofEach, type Validator, wholeOption } from './validator.ts'

const atom = String.raw`[a-z0-9!#$%&'*+/=?^_\x60{|}~\u0080-\uffff\-]`
const quoted = String.raw`"(?:[a-z0-9!#$%&'*.(),<>\[\]:;  @+/=?^_\x60{|}~\u0080-\uffff\-]|\\\\|\\")+"`
const part = `(?:${atom}+|${quoted})`
const local = new RegExp(String.raw`^${part}(?:\.${part})*$`, 'iu')

const letter = String.raw`[a-z0-9!#$%&'*+/=?^\x60{|}~\u0080-\uffff]`
const label = `${letter}+(?:-+${letter}+)*`
const domain = new RegExp(
  String.raw`^(?:${label}(?:\.${label})*|\[[0-9]{1,3}(?:\.[0-9]{1,3}){3}\]|\[IPv6:([0-9a-f:.%]+)\])$`,
  'iu',
)

/** `email`: RFC 5322 without comments, like Hibernate's validator; at most 64 characters before the `@` by default. */
export const email: Validator = ofEach((value, options, { asciiAddresses }) => {
  const at = value.lastIndexOf('@')
  const [before, after] = [value.slice(0, at), value.slice(at + 1)]
  const most = wholeOption(options['max-local-length']) ?? 64
  const isAddress = at >= 0 && before.length <= most && local.test(before) && isDomain(after)
  if (!isAddress) return ['error-invalid-email', value]
  return asciiAddresses && /[^\0-\x7f]/.test(before) ? ['error-non-ascii-local-part-email'] : undefined
})

function isDomain(text: string): boolean {
  const found = domain.exec(text)
  if (found === null) return false
  if (text.startsWith('[')) return found[1] === undefined || isIPv6(found[1].replace(/%[0-9a-zA-Z]+$/, ''))
  // Labels have at most 63 characters, the name at most 255, in DNS form.
  const ascii = /[^\0-\x7f]/.test(text) || /(?:^|\.)xn--/i.test(text) ? domainToASCII(text) : text
  return (
    ascii !== '' &&
    ascii.length <= 255 &&
    ascii.split(/[.\u3002\uff0e\uff61]/).every(({ length }) => length > 0 && length <= 63)
  )
}
