/** A member that is left out where there is no value. */
export function given<T>(member: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [member]: value }
}
