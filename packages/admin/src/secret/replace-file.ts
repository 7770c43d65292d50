import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CloakwrightError } from 'cloakwright'

/**
 * Replaces a file's content in one step: who reads it gets all of the old or all of the new. A new file is readable by its
 * owner only (mode 0600); one that exists keeps its owner, its group and what they may do, and others may do nothing.
 *
 * @throws {CW_CONFIG_INVALID} when the file can't be written so
 */
export async function replaceFile(
  path: string,
  change: (before: Buffer | undefined) => Buffer,
): Promise<void> {
  await inPlaceOf(path, async (target, aside, handle) => {
    await handle.writeFile(change(await contentOf(target)))
    await handle.sync()
    await handle.close()
    await rename(aside, target)
    await syncFolder(dirname(target))
  })
}

/** Finds out whether {@link replaceFile} would succeed, and changes nothing. */
export async function checkReplaceable(
  path: string,
  change: (before: Buffer | undefined) => Buffer,
): Promise<void> {
  await inPlaceOf(path, async (target, _aside, handle) => {
    change(await contentOf(target))
    await handle.close()
  })
}

/** Opens a file next to the target with its owner and mode, which is gone afterwards whatever happens. */
async function inPlaceOf(
  path: string,
  work: (target: string, aside: string, handle: FileHandle) => Promise<void>,
): Promise<void> {
  let handle: FileHandle | undefined
  let aside: string | undefined
  try {
    // A link stays a link: what it names is replaced.
    const target = await realpath(path).catch(() => path)
    const found = await stat(target).catch(() => undefined)
    aside = join(dirname(target), `.${basename(target)}.${randomUUID()}`)
    handle = await open(aside, 'wx', 0o600)
    if (found !== undefined) {
      const own = await handle.stat()
      if (own.uid !== found.uid || own.gid !== found.gid) await handle.chown(found.uid, found.gid)
      await handle.chmod(found.mode & 0o770)
    }
    await work(target, aside, handle)
  } catch (error) {
    if (error instanceof CloakwrightError) throw error
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new CloakwrightError('CW_CONFIG_INVALID', `The file ${path} could not be replaced (${reason})`, {
      hint: hints[reason] ?? 'Check the path, the folder and the write permission.',
    })
  } finally {
    await handle?.close().catch(() => {})
    if (aside !== undefined) await rm(aside, { force: true })
  }
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'Free space on its disk. The file is unchanged.',
  EBUSY: 'Mount the folder into the container instead of the file: a mounted file cannot be replaced.',
  EPERM: 'Run as the owner of the file or as root: the new file must keep its owner.',
}

async function contentOf(target: string): Promise<Buffer | undefined> {
  try {
    return await readFile(target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** So that the new name outlives a power failure. Windows can't, and need not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
