import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Entry, open, type ZipFile } from 'yauzl'

interface UnzipOptions {
  /** Called after each entry. */
  readonly onEntry?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** Unpacks a zip file with file permissions. yauzl refuses names that would leave the folder. */
export async function unzip(file: string, folder: string, options: UnzipOptions = {}): Promise<void> {
  const zip = await openZip(file)
  await new Promise<void>((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      extract(zip, entry, folder, options.signal).then(() => {
        options.onEntry?.(zip.entriesRead, zip.entryCount)
        zip.readEntry()
      }, reject)
    })
    zip.once('end', resolve)
    zip.once('error', reject)
    zip.readEntry()
  }).finally(() => zip.close())
}

async function extract(
  zip: ZipFile,
  entry: Entry,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = join(folder, entry.fileName)
  if (entry.fileName.endsWith('/')) {
    mkdirSync(path, { recursive: true })
    return
  }
  mkdirSync(dirname(path), { recursive: true })
  const source = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)))
  })
  // The upper half holds the file's Unix mode, where the archive was made on Unix.
  const mode = (entry.externalFileAttributes >>> 16) & 0o777
  const target = createWriteStream(path, { mode: mode || 0o644 })
  await pipeline(source, target, signal === undefined ? {} : { signal })
}

function openZip(file: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(file, { lazyEntries: true, autoClose: false }, (error, zip) =>
      error ? reject(error) : resolve(zip),
    )
  })
}
