export type Options = Readonly<Record<string, unknown>>

export interface Range {
  readonly min?: number | undefined
  readonly max?: number | undefined
}

export function rangeOf(options: Options, read: (value: unknown) => number | undefined): Range | undefined {
  const min = read(options['min'])
  const max = read(options['max'])
  const isUnread = (name: string, value: number | undefined): boolean =>
    name in options && value === undefined
  return isUnread('min', min) || isUnread('max', max) ? undefined : { min, max }
}

export function toInteger(value: unknown): number | undefined {
  if (typeof value === 'string') return /^[+-]?[0-9]{1,15}$/.test(value) ? Number(value) : undefined
  if (typeof value !== 'number') return undefined
  const whole = Math.trunc(value)
  return Number.isSafeInteger(whole) ? whole : undefined
}

export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'string') return /^[+-]?[0-9]+(?:\.[0-9]+)?$/.test(value) ? Number(value) : undefined
  return typeof value === 'number' ? value : undefined
}

export function flagOf(options: Options, name: string, otherwise: boolean): boolean {
  const value = options[name]
  if (typeof value === 'string') return value.toLowerCase() === 'true'
  return typeof value === 'boolean' ? value : otherwise
}
