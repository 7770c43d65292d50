import type { Flags } from './syntax.ts'

const lines = String.raw`[\n\r\x85\u2028\u2029]`
/** JavaScript's own flag `m` is never used. */
const end = '$'
const begin = '^'
/** Between the two characters of one line end. */
const notWithin = String.raw`(?<!\r(?=\n))`

/** `.`: any character except line ends. */
export function dot(flags: Flags): string {
  // Not `[^]`: Node 20 has a bug with it under the flag v.
  if (flags.has('s')) return String.raw`[\0-\u{10ffff}]`
  return flags.has('d') ? String.raw`[^\n]` : String.raw`[^\n\r\x85\u2028\u2029]`
}

/** `^`: with the flag `m` also the start of a line, but never the end of the string. */
export function caret(flags: Flags): string {
  if (!flags.has('m')) return begin
  if (flags.has('d')) return String.raw`(?!${end})(?<![^\n])`
  return `(?!${end})(?:${begin}|(?<=${lines})${notWithin})`
}

/** `$`: the end, also before a final line end; with the flag `m` the end of each line. */
export function dollar(flags: Flags): string {
  if (!flags.has('m')) return lastLineEnd(flags)
  if (flags.has('d')) return String.raw`(?=\n|${end})`
  return `(?=${lines}|${end})${notWithin}`
}

/** `\Z`, and `$` without the flag `m`. */
export function lastLineEnd(flags: Flags): string {
  if (flags.has('d')) return String.raw`(?=\n?${end})`
  return `(?=(?:\\r\\n|${lines})?${end})(?<!\\r(?=\\n${end}))`
}

/** In Java, `\b` counts all letters, digits and their marks as word characters; `\w` only ASCII ones. */
const base = String.raw`[\p{L}\p{Nd}]`
const before = String.raw`(?<=[_\p{L}\p{Nd}]|${base}\p{Mn}+)`
const after = String.raw`(?:(?=[_\p{L}\p{Nd}])|(?<=${base}\p{Mn}*)(?=\p{Mn}))`
const noBefore = before.replace('(?<=', '(?<!')
const noAfter = `(?!${after})`

export const anchors: Readonly<Record<string, (flags: Flags) => string>> = {
  A: () => begin,
  G: () => begin,
  z: () => end,
  Z: lastLineEnd,
  b: () => `(?:${before}${noAfter}|${noBefore}${after})`,
  B: () => `(?:${before}${after}|${noBefore}${noAfter})`,
}
