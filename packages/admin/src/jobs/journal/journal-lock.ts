import { closeSync, openSync } from 'node:fs'
import { CloakwrightError } from 'cloakwright'
import { type RefusedLock, takeLock } from 'cloakwright/lock'

/** A journal that this process alone has open. */
export interface HeldJournal {
  readonly descriptor: number
  readonly release: () => Promise<void>
}

/**
 * @throws {CW_JOURNAL_LOCKED} when another process works on it
 * @throws {CW_JOURNAL_INVALID} when it can't be opened
 */
export async function holdJournal(path: string, flags: number): Promise<HeldJournal> {
  let descriptor: number
  try {
    descriptor = openSync(path, flags, 0o600)
  } catch (cause) {
    throw new CloakwrightError('CW_JOURNAL_INVALID', `The journal ${path} cannot be opened`, {
      hint: 'Use a file in a folder that you can write to.',
      cause,
    })
  }
  try {
    const lock = await takeLock(path, descriptor)
    if (!lock.held) throw locked(path, lock)
    return {
      descriptor,
      async release() {
        closeSync(descriptor)
        await lock.release()
      },
    }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function locked(path: string, { holder, next, own }: RefusedLock): CloakwrightError {
  const who = own ? 'This process' : capitalized(holder)
  return new CloakwrightError('CW_JOURNAL_LOCKED', `${who} is using the journal ${path}`, {
    hint: `Wait until it ends${own ? '.' : `. Or: ${next}. Then run the same command again to resume.`}`,
  })
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
