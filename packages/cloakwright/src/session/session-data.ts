import { CloakwrightError } from '../errors.ts'
import type { Keyring } from '../sealing.ts'
import type { SealedData, SessionRecord } from '../state/index.ts'

/** Maximum size in bytes, as JSON in UTF-8: the data is read with each session, and kept in memory. */
const maxBytes = 4_096

type Identity = Pick<SessionRecord, 'key' | 'issuer' | 'clientId' | 'subject' | 'sid'>

/** Data that was checked, and its encrypted form. */
export interface WrittenData {
  readonly value: unknown
  readonly sealed: SealedData
}

/**
 * Checks and encrypts data for one row and one version of it: it cannot be moved to another.
 *
 * @throws {CW_SESSION_DATA}
 */
export async function sealData(
  keyring: Keyring,
  identity: Identity,
  version: number,
  data: unknown,
): Promise<WrittenData> {
  const text = toText(data)
  const sealed = await keyring.seal(text, toBinding(identity, version))
  return { value: parse(text), sealed: { ...sealed, version } }
}

/** Decrypts a row's data; `undefined` if its key was removed or the row was changed by others. */
export async function openData(
  keyring: Keyring,
  record: Identity & Pick<SessionRecord, 'data'>,
): Promise<{ readonly value: unknown } | undefined> {
  if (record.data === undefined) return { value: undefined }
  const text = await keyring.open(record.data, toBinding(record, record.data.version))
  return text === undefined ? undefined : { value: parse(text) }
}

function toBinding({ key, issuer, clientId, subject, sid }: Identity, version: number): unknown[] {
  return ['data', key, issuer, clientId, subject, sid ?? null, version]
}

/** Requests share a session that is cached in memory, so none may change its data. */
function parse(text: string): unknown {
  return JSON.parse(text, (_name, value: unknown) => Object.freeze(value))
}

function toText(data: unknown): string {
  const where = unfit(data, 'data', new Set())
  if (where !== undefined)
    throw refused(
      `${where} is not JSON`,
      'Use strings, finite numbers, booleans, null, arrays and plain objects.',
    )
  const text = JSON.stringify(data)
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxBytes) return text
  throw refused(
    `it has ${bytes} bytes as JSON, more than ${maxBytes}`,
    'Keep the rest in a database, by the user’s subject.',
  )
}

/** The place of the first value that JSON would lose or change. Members that are `undefined` are left out, as in JSON. */
function unfit(value: unknown, path: string, above: Set<unknown>): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path
  if (typeof value !== 'object' || above.has(value) || above.size > maxDepth) return path
  if (!Array.isArray(value) && !isPlain(value)) return path
  above.add(value)
  const members = Array.isArray(value)
    ? Array.from(value, (one: unknown, index) => [`${path}[${index}]`, one] as const)
    : Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .map(([name, one]) => [`${path}.${shownName(name)}`, one as unknown] as const)
  for (const [place, one] of members) {
    const found = unfit(one, place, above)
    if (found !== undefined) return found
  }
  above.delete(value)
  return undefined
}

const maxDepth = 50

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === null || prototype === Object.prototype) && !('toJSON' in value)
}

/** A name that a program chose; any other may be a value. */
function shownName(name: string): string {
  return /^[A-Za-z_]\w{0,39}$/.test(name) ? name : '…'
}

function refused(why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_SESSION_DATA', `Session data: ${why}`, { hint })
}
