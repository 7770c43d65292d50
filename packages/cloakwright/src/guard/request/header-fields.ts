import type { IncomingMessage } from 'node:http'
import { CloakwrightError } from '../../errors.ts'

/**
 * Every header of that name (in lower case), in order, as received, since Node keeps only the first of two Authorization
 * headers in `headers`. Serverless adapters and mocks create requests without `rawHeaders`, or leave them empty: for those
 * `headers` is read. A request over HTTP/1.1 has at least one header.
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

/** Reads an object with names in any case and lists for repeated headers, or the web's `Headers`. */
function fromHeaders(headers: unknown, name: string): readonly string[] {
  if (typeof headers !== 'object' || headers === null)
    throw new CloakwrightError('CW_CONFIG_INVALID', 'Request: it has neither rawHeaders nor headers', {
      hint: 'Add `headers` to the mock of a request, as in Node.',
    })
  const values =
    'get' in headers && typeof headers.get === 'function'
      ? [(headers as { get(name: string): unknown }).get(name)]
      : Object.entries(headers)
          .filter(([candidate]) => candidate.toLowerCase() === name)
          .flatMap(([, value]) => value as unknown)
  return values.filter((value) => typeof value === 'string')
}
