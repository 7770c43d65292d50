/**
 * Whether a value is a promise, whoever made it. `instanceof Promise` would take one for the value itself where an
 * application has replaced the global `Promise` (Bluebird, zone.js), since async functions go on to give native ones:
 * a token that is still being verified would count as verified.
 */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
