import type { Reader } from './reader.ts'
import { PatternError } from './syntax.ts'

/** A repetition count. */
export interface Count {
  readonly least: number
  readonly most: number
}

/** Reads `?`, `*`, `+` or `{…}`; undefined without a repetition. */
export function readCount(reader: Reader): Count | undefined {
  const most = Number.POSITIVE_INFINITY
  if (reader.take('?')) return { least: 0, most: 1 }
  if (reader.take('*')) return { least: 0, most }
  if (reader.take('+')) return { least: 1, most }
  if (!reader.take('{')) return undefined
  const least = reader.takeWhile(/[0-9]/)
  if (least === '') throw new PatternError('Illegal repetition', reader.at)
  const hasMost = reader.take(',')
  const last = hasMost ? reader.takeWhile(/[0-9]/) : least
  if (reader.peek() !== '}') throw new PatternError('Unclosed counted closure', reader.at)
  const range = { least: Number(least), most: last === '' ? most : Number(last) }
  const isLarge = [range.least, range.most].some((each) => each !== most && each > 0x7fffffff)
  if (range.most < range.least || isLarge) throw new PatternError('Illegal repetition range', reader.at)
  reader.next()
  return range
}
