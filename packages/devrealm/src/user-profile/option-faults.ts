import { patternProblem } from '../java-pattern/index.ts'
import { numberOption, type Options, wholeOption } from './validators/index.ts'

type Fault = readonly [option: string, message: string, ...parameters: string[]]

/** The problems of a validator's options, with Keycloak's messages. */
export function optionFaults(validator: string, options: Options): string[] {
  const check = Object.hasOwn(checks, validator) ? checks[validator] : undefined
  return (check?.(options) ?? []).map(
    ([option, message, ...parameters]) =>
      `ValidationError{validatorId='${validator}', inputHint='${option}', message='error-validator-config-${message}', messageParameters=[${parameters.join(', ')}]}`,
  )
}

const checks: Readonly<Record<string, (options: Options) => readonly Fault[]>> = {
  length: (options) => {
    const given = ['min', 'max'].filter((option) => option in options)
    const trim = options['trim-disabled']
    const isFlag = trim === undefined || typeof trim === 'boolean' || typeof trim === 'string'
    return [
      ...(isFlag ? [] : [['trim-disabled', 'invalid-boolean-value', shown(trim)] as const]),
      ...(given.length > 0
        ? rangeFaults(options, wholeOption, true)
        : [['min', 'missing-value'] as const, ['max', 'missing-value'] as const]),
    ]
  },
  integer: (options) => rangeFaults(options, wholeOption, false),
  double: (options) => rangeFaults(options, numberOption, false),
  multivalued: (options) => {
    if (!('max' in options)) return [['max', 'missing-value']]
    return rangeFaults(options, wholeOption, true).map(([option, message]) => [option, message] as const)
  },
  options: ({ options }) => {
    if (options === undefined) return [['options', 'missing-value']]
    return Array.isArray(options) ? [] : [['options', 'invalid-value', 'must be list of values']]
  },
  email: ({ 'max-local-length': most }) => {
    const isLength = most === undefined || (wholeOption(most) ?? 0) > 0
    return isLength ? [] : [['max-local-length', 'invalid-number-value', shown(most)]]
  },
  pattern: ({ pattern }) => {
    if (pattern === undefined || pattern === null) return [['pattern', 'missing-value']]
    if (typeof pattern !== 'string') return [['pattern', 'invalid-value', shown(pattern)]]
    const problem = patternProblem(pattern)
    return problem === undefined ? [] : [['pattern', 'invalid-value', pattern, problem.message]]
  },
}

/** A number range, which may or may not have equal bounds. */
function rangeFaults(
  options: Options,
  read: (value: unknown) => number | undefined,
  mayBeEqual: boolean,
): Fault[] {
  const given = ['min', 'max'].filter((option) => option in options && options[option] !== null)
  const faults = given
    .filter((option) => read(options[option]) === undefined)
    .map((option): Fault => [option, 'invalid-number-value', shown(options[option])])
  const [min, max] = [read(options['min']), read(options['max'])]
  if (faults.length > 0 || min === undefined || max === undefined) return faults
  return max > min || (mayBeEqual && max === min) ? [] : [['max', 'invalid-value']]
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
