import type { IncomingMessage } from 'node:http'
import { CloakwrightError } from '../../errors.ts'

/**
 * Every field of that name (in lower case), in order: as they came, since Node keeps only the first of two Authorization
 * fields in `headers`. Serverless adapters and mocks make requests without `rawHeaders`, or leave them empty: of those
 * `headers` is read. A request over HTTP/1.1 has one field at least.
 *
 * @throws {CW_CONFIG_INVALID} The request has neither.
 */
export function fieldsOf({ rawHeaders, headers }: Partial<IncomingMessage>, name: string): readonly string[] {
  return rawHeaders !== undefined && rawHeaders.length > 0
    ? fromRaw(rawHeaders, name)
    : fromHeaders(headers, name)
}

const none: readonly string[] = []

function fromRaw(rawHeaders: readonly string[], name: string): readonly string[] {
  let found: string[] | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const candidate = rawHeaders[at] as string
    if (candidate.length !== name.length) continue
    if (candidate !== name && candidate.toLowerCase() !== name) continue
    if (found === undefined) found = [rawHeaders[at + 1] as string]
    else found.push(rawHeaders[at + 1] as string)
  }
  return found ?? none
}

/** Of an object in whatever case, with lists where a field came more than once, or of the web's `Headers`. */
function fromHeaders(headers: unknown, name: string): readonly string[] {
  if (typeof headers !== 'object' || headers === null)
    throw new CloakwrightError('CW_CONFIG_INVALID', 'Request: it has neither rawHeaders nor headers', {
      hint: 'Give the object that stands for a request `headers`, as a request of Node has them.',
    })
  const values =
    'get' in headers && typeof headers.get === 'function'
      ? [(headers as { get(name: string): unknown }).get(name)]
      : Object.entries(headers)
          .filter(([candidate]) => candidate.toLowerCase() === name)
          .flatMap(([, value]) => value as unknown)
  return values.filter((value) => typeof value === 'string')
}
