const mostInFlight = 4

/** Does the work on each item, four at once. The first failure ends it, once those under way have ended. */
export async function inParallel<T>(
  list: AsyncIterable<T> | Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  for await (const item of list) {
    while (running.size >= mostInFlight) await Promise.race(running)
    if (failures.length > 0) break
    const task = work(item)
      .catch((cause: unknown) => void failures.push(cause))
      .finally(() => running.delete(task))
    running.add(task)
  }
  await Promise.all(running)
  if (failures.length > 0) throw failures[0]
}
