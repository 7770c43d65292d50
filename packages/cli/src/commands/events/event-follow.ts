import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type EventGap, followEvents, followUserEvents, ndjsonSink } from '@cloakwright/admin/audit'
import { CloakwrightError } from 'cloakwright'
import { type ConnectionOptions, connect } from '../../connection/index.ts'
import { UsageError } from '../../exit.ts'
import { abortedBySignals, note, toJson, toTime, writeLine } from '../../terminal/index.ts'

interface Options extends ConnectionOptions {
  readonly cursor?: string
  readonly from?: string
  readonly once?: true
  readonly interval: number
  readonly trail?: string
  readonly logins?: true
}

/** `cloakwright events follow`. */
export async function follow(options: Options): Promise<void> {
  const { cursor: file, trail } = options
  const from = options.from === undefined ? undefined : toTime('--from', options.from)
  const cursor = file === undefined ? undefined : readCursor(file)
  if (options.logins === true && trail !== undefined) {
    throw new UsageError('--trail works only with administrator events', 'Omit --trail or --logins')
  }
  const signal = abortedBySignals()
  const admin = connect(options)
  const { adminEventsEnabled, eventsEnabled } = await admin.client.realms.getConfigEvents({
    realm: admin.realm,
  })
  const isRecorded = options.logins === true ? eventsEnabled : adminEventsEnabled
  if (isRecorded !== true) {
    note(`The realm ${admin.realm} does not record these events. Turn them on in Realm settings, Events`)
  }
  const take = {
    once: options.once === true,
    interval: options.interval * 1000,
    signal,
    ...(from === undefined ? {} : { from }),
    ...(cursor === undefined ? {} : { cursor }),
    async onEvents(events: readonly object[], next: string) {
      for (const event of events) await writeLine(toJson(event))
      if (file !== undefined) keepCursor(file, next)
    },
    onGap({ after, before }: EventGap) {
      const end = before === undefined ? 'now' : timeOf(before)
      note(`Events from ${timeOf(after)} to ${end} may have expired before they were read`)
    },
  }
  const last =
    options.logins === true
      ? await followUserEvents(admin, take)
      : await followEvents(admin, { ...take, ...(trail === undefined ? {} : { trail: ndjsonSink(trail) }) })
  if (file !== undefined) keepCursor(file, last)
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function readCursor(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cursorError(file, error)
  }
}

/** Stores the cursor atomically: a killed process leaves the old or the new one. */
function keepCursor(file: string, cursor: string): void {
  try {
    writeFileSync(`${file}.new`, cursor, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  } catch (error) {
    throw cursorError(file, error)
  }
}

function cursorError(file: string, cause: unknown): CloakwrightError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown'
  return new CloakwrightError('CW_CONFIG_INVALID', `--cursor: could not use ${file} (${reason})`, {
    hint: 'Give the path of a file that this process can read and write',
    cause,
  })
}
