/**
 * The shape of a JSON value: member names in their order with the type of each, so that two responses can be compared without
 * their values. Arrays show the shape of their first element.
 *
 * @example
 * ```ts
 * expect(shapeOf({ id: 'x', roles: ['a'] })).toBe('{id: string, roles: [string]}')
 * ```
 */
export function shapeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${shapeOf(value[0])}]`
  if (typeof value !== 'object') return typeof value
  return `{${Object.entries(value)
    .map(([name, member]) => `${name}: ${shapeOf(member)}`)
    .join(', ')}}`
}
