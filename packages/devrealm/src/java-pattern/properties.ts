import { type Flags, PatternError, unsupported } from './syntax.ts'

/** Java's predefined classes as content of a JavaScript class, without and with the flag `U`. */
export const predefined: Readonly<Record<string, readonly [plain: string, unicode: string]>> = {
  d: ['0-9', String.raw`\p{Nd}`],
  s: [String.raw`\x20\t\n\x0b\f\r`, String.raw`\p{White_Space}`],
  w: ['0-9A-Z_a-z', String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`],
  h: same(String.raw`\x20\t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000`),
  v: same(String.raw`\n\x0b\f\r\x85\u2028\u2029`),
}

const noBlank = String.raw`[^\p{White_Space}\p{Cc}\p{Cs}\p{Cn}]`

/** POSIX classes: ASCII, and Unicode with the flag `U`. */
const posix: Readonly<Record<string, readonly [string, string]>> = {
  Lower: ['a-z', String.raw`\p{Lowercase}`],
  Upper: ['A-Z', String.raw`\p{Uppercase}`],
  ASCII: same(String.raw`\0-\x7f`),
  Alpha: ['A-Za-z', String.raw`\p{Alphabetic}`],
  Digit: ['0-9', String.raw`\p{Nd}`],
  Alnum: ['0-9A-Za-z', String.raw`\p{Alphabetic}\p{Nd}`],
  Punct: [String.raw`!-\/:-@\[-\x60\{-~`, String.raw`\p{P}`],
  Graph: ['!-~', noBlank],
  Print: [String.raw`\x20-~`, String.raw`${noBlank}[\p{Zs}]`],
  Blank: [String.raw`\x20\t`, String.raw`\t\p{Zs}`],
  Cntrl: [String.raw`\0-\x1f\x7f`, String.raw`\p{Cc}`],
  XDigit: ['0-9A-Fa-f', String.raw`\p{Nd}\p{Hex_Digit}`],
  Space: [String.raw`\x20\t\n\x0b\f\r`, String.raw`\p{White_Space}`],
}

/** Binary properties that Java supports as `\p{Is…}`, in lower case. */
const binary: Readonly<Record<string, string>> = {
  alphabetic: String.raw`\p{Alphabetic}`,
  letter: String.raw`\p{L}`,
  ideographic: String.raw`\p{Ideographic}`,
  lowercase: String.raw`\p{Lowercase}`,
  uppercase: String.raw`\p{Uppercase}`,
  titlecase: String.raw`\p{Lt}`,
  white_space: String.raw`\p{White_Space}`,
  whitespace: String.raw`\p{White_Space}`,
  control: String.raw`\p{Cc}`,
  punctuation: String.raw`\p{P}`,
  hex_digit: String.raw`\p{Nd}\p{Hex_Digit}`,
  hexdigit: String.raw`\p{Nd}\p{Hex_Digit}`,
  assigned: String.raw`[^\p{Cn}]`,
  noncharacter_code_point: String.raw`\p{Noncharacter_Code_Point}`,
  noncharactercodepoint: String.raw`\p{Noncharacter_Code_Point}`,
  digit: String.raw`\p{Nd}`,
  alnum: String.raw`\p{Alphabetic}\p{Nd}`,
  blank: String.raw`\t\p{Zs}`,
  graph: noBlank,
  print: String.raw`${noBlank}[\p{Zs}]`,
  word: String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`,
  join_control: String.raw`\p{Join_Control}`,
  joincontrol: String.raw`\p{Join_Control}`,
}

const categories = new Set(
  'C Cc Cf Cn Co Cs L LC Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs'.split(
    ' ',
  ),
)

const javaClasses: Readonly<Record<string, string>> = {
  javaLowerCase: String.raw`\p{Lowercase}`,
  javaUpperCase: String.raw`\p{Uppercase}`,
  javaAlphabetic: String.raw`\p{Alphabetic}`,
  javaIdeographic: String.raw`\p{Ideographic}`,
  javaTitleCase: String.raw`\p{Lt}`,
  javaDigit: String.raw`\p{Nd}`,
  javaDefined: String.raw`[^\p{Cn}]`,
  javaLetter: String.raw`\p{L}`,
  javaLetterOrDigit: String.raw`\p{L}\p{Nd}`,
  javaSpaceChar: String.raw`\p{Z}`,
  javaWhitespace: String.raw`[\p{Z}--[\xa0\u2007\u202f]]\t\n\x0b\f\r\x1c-\x1f`,
  javaISOControl: String.raw`\0-\x1f\x7f-\x9f`,
}

/**
 * The content of the JavaScript class that equals a Java property.
 *
 * @throws {PatternError} for a property without an equivalent in JavaScript
 */
export function propertyClass(name: string, flags: Flags, at: number): string {
  const construct = `the property \\p{${name}}`
  if (flags.has('i') && isAboutCase(name)) throw unsupported(`${construct} with the flag i`, at)
  const [, key, value] = /^([^=]*)=(.*)$/s.exec(name) ?? []
  if (key !== undefined && value !== undefined) {
    const kind = key.toLowerCase()
    if (['sc', 'script'].includes(kind)) return script(value, name, at)
    if (['gc', 'general_category'].includes(kind) && categories.has(value)) return `\\p{${value}}`
    if (['blk', 'block'].includes(kind)) throw unsupported(construct, at)
    throw unknown(name, at)
  }
  if (name.startsWith('Is')) {
    const rest = name.slice(2)
    const lower = rest.toLowerCase()
    if (Object.hasOwn(binary, lower)) return binary[lower] ?? ''
    if (categories.has(rest)) return `\\p{${rest}}`
    return script(rest, name, at)
  }
  if (Object.hasOwn(posix, name)) return posix[name]?.[flags.has('U') ? 1 : 0] ?? ''
  if (Object.hasOwn(javaClasses, name)) return javaClasses[name] ?? ''
  if (categories.has(name)) return `\\p{${name}}`
  if (name === 'LD') return String.raw`\p{L}\p{Nd}`
  if (name === 'L1') return String.raw`\0-\xff`
  if (name === 'all') return String.raw`\0-\u{10ffff}`
  // Java's blocks, and its properties for Java source code.
  if (/^(?:In|java)/.test(name)) throw unsupported(construct, at)
  throw unknown(name, at)
}

/** Java versions differ in which of these consider case. */
function isAboutCase(name: string): boolean {
  return /(?:lower|upper|title)|^(?:Is|gc=|general_category=)?L[ltuC]$/i.test(name)
}

function script(name: string, property: string, at: number): string {
  const words = name.toLowerCase().split('_')
  const spelled = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('_')
  const source = `\\p{Script=${spelled}}`
  try {
    void new RegExp(source, 'v')
    return source
  } catch {
    throw unknown(property, at)
  }
}

function unknown(name: string, at: number): PatternError {
  return new PatternError(`Unknown character property name {${name}}`, at)
}

function same(source: string): readonly [string, string] {
  return [source, source]
}
