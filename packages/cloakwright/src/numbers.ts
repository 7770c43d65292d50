import { CloakwrightError } from './errors.ts'

/**
 * Checks a numeric option.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function number(
  name: string,
  value: number | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: not a number from ${least} to ${most}`, {
    hint: `Omit it for ${fallback}.`,
  })
}
