type Later<Inputs extends readonly unknown[], R> = (...inputs: Inputs) => Promise<R>
type AtOnce<Inputs extends readonly unknown[], R> = (...inputs: Inputs) => R | Promise<R>

/** By the function itself, not a member next to it: if an application replaces the function, its own is called. */
const forms = new WeakMap<object, unknown>()

/** Gives a function that always returns a promise a second form, for guards: it returns a promise only if it has to wait. */
export function withAtOnce<Inputs extends readonly unknown[], R>(
  later: Later<Inputs, R>,
  atOnce: AtOnce<Inputs, R>,
): Later<Inputs, R> {
  forms.set(later, atOnce)
  return later
}

/** The second form of a function, if it has one. */
export function atOnceOf<Inputs extends readonly unknown[], R>(
  later: Later<Inputs, R>,
): AtOnce<Inputs, R> | undefined {
  return forms.get(later) as AtOnce<Inputs, R> | undefined
}
