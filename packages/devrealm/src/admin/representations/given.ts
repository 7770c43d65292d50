/** A member that is omitted without a value. */
export function given<T>(member: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [member]: value }
}
