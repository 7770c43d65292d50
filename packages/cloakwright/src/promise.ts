/**
 * Whether a value is a promise, whoever made it. `instanceof Promise` would take one for the value itself where an
 * application has replaced the global `Promise` (Bluebird, zone.js), since async functions go on to give native ones:
 * a token that is still being verified would count as verified.
 */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as Thenable).then === 'function'
}

/** Whatever a value is: `then` of what has none is `undefined`, and read faster than `'then' in value` is asked. */
interface Thenable {
  readonly then?: unknown
}

/**
 * Goes on with a value: at once where it is there, later where it is a promise. This is the one place that tells the two
 * apart, so that the way of a request that waits for nothing has no promise. A step gets what it needs as arguments: a
 * closure would cost those requests, too.
 */
export function continueWith<T, Inputs extends readonly unknown[], R>(
  value: T | Promise<T>,
  step: (value: T, ...inputs: Inputs) => R,
  ...inputs: Inputs
): R | Promise<Awaited<R>> {
  return isPromise(value) ? continueLater(value, step, ...inputs) : step(value, ...inputs)
}

async function continueLater<T, Inputs extends readonly unknown[], R>(
  value: Promise<T>,
  step: (value: T, ...inputs: Inputs) => R,
  ...inputs: Inputs
): Promise<Awaited<R>> {
  return await step(await value, ...inputs)
}
