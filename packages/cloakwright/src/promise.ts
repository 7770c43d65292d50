/**
 * Whether a value is a promise of any kind. `instanceof Promise` would miss native promises of async functions if an
 * application has replaced the global `Promise` (Bluebird, zone.js):
 * a token that is still being verified would then count as verified.
 */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as Thenable).then === 'function'
}

/** For any value: `then` is `undefined` if it is missing, and reading it is faster than `'then' in value`. */
interface Thenable {
  readonly then?: unknown
}

/**
 * Continues with a value: at once, or later if it is a promise. Only this function distinguishes the two,
 * so a request that waits for nothing creates no promise. A step receives its inputs as arguments, because a
 * closure would cost those requests time, too.
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
