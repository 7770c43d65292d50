import { AsyncLocalStorage } from 'node:async_hooks'

const counted = new AsyncLocalStorage<{ attempts: number }>()

/** Does work, and says how many attempts its requests took: of one that took a single one no answer was lost. */
export async function countAttempts<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly attempts: number }> {
  const count = { attempts: 0 }
  const result = await counted.run(count, work)
  return { result, attempts: count.attempts }
}

/** Called for each attempt, before it is sent. */
export function countAttempt(): void {
  const count = counted.getStore()
  if (count !== undefined) count.attempts += 1
}
