import { unlink } from 'node:fs/promises'
import { type DeadLetter, openDeadLetter } from '../files/dead-letter.ts'
import type { Journal } from './journal.ts'

/** A job that can't begin leaves no journal: with it the next call would go on with somebody else's dead-letter file. */
export async function openRejected(
  options: { readonly journal: string; readonly deadLetter: string },
  journal: Journal | undefined,
): Promise<DeadLetter> {
  const resume = journal?.resumed === true
  try {
    return await openDeadLetter(options.deadLetter, { resume })
  } catch (error) {
    if (journal !== undefined && !resume) await unlink(options.journal)
    throw error
  }
}
