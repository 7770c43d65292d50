import type { Reader } from './reader.ts'
import { type Flags, PatternError, unsupported } from './syntax.ts'

/** Reads the flags of `(?i-s)` or `(?i-s:…)`, up to their end, and returns the resulting flags. */
export function readFlags(reader: Reader, before: Flags): Flags {
  const flags = new Set(before)
  const on = reader.takeWhile(/[a-zA-Z]/)
  const off = reader.take('-') ? reader.takeWhile(/[a-zA-Z]/) : ''
  const unknown = Array.from(on + off).find((each) => !'idmsuxUc'.includes(each))
  if (unknown !== undefined || !/^[:)]$/.test(reader.peek()))
    throw new PatternError('Unknown inline modifier', reader.at)
  if (on.includes('c')) throw unsupported('canonical equivalence, (?c)', reader.at)
  for (const flag of on) flags.add(flag)
  for (const flag of off) flags.delete(flag)
  // The flag U implies u.
  if (on.includes('U')) flags.add('u')
  if (off.includes('U')) flags.delete('u')
  return flags
}
