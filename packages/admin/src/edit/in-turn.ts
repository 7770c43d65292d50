const last = new Map<string, Promise<unknown>>()

/** Runs what concerns the same thing one after the other, in the order of the calls, whatever became of those before. */
export async function inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
  const before = last.get(key)
  const mine = (before ?? Promise.resolve()).then(run, run)
  last.set(key, mine)
  try {
    return await mine
  } finally {
    if (last.get(key) === mine) last.delete(key)
  }
}
