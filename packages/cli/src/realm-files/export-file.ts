import { readFileSync } from 'node:fs'
import { CloakwrightError } from 'cloakwright'

/**
 * Reads the realms of a Keycloak export: one realm, or a list.
 *
 * @throws {CW_CONFIG_MISSING} when the file can't be read
 * @throws {CW_REALM_INVALID} when it is not JSON; the message has line and column, but no content
 */
export function readRealms(file: string, option = '--import'): unknown[] {
  const content: unknown = parse(read(file, option), file)
  if (!Array.isArray(content)) return [content]
  if (content.length > 0) return content
  throw new CloakwrightError('CW_REALM_INVALID', `${file} has an empty list of realms`, {
    hint: 'Export the realm again',
  })
}

function read(file: string, option: string): string {
  try {
    // Windows tools write a byte order mark, which JSON does not allow.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new CloakwrightError('CW_CONFIG_MISSING', `${option}: could not read ${file} (${reason})`, {
      hint: "Give the path of a realm export from Keycloak's kc.sh export or console",
      cause: error,
    })
  }
}

/** Reports only the place of a syntax error: V8's message shows the text around it, which may be a secret. */
function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const before = text.slice(0, mistakeOffset(text, error)).split('\n')
    const place = `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
    throw new CloakwrightError('CW_REALM_INVALID', `${place}: JSON syntax error`, {
      hint: 'Correct the file at that line and column, or export the realm again',
    })
  }
}

/** The offset of the error. V8 omits it for an unexpected token: then a binary search finds the shortest invalid prefix. */
function mistakeOffset(text: string, error: unknown): number {
  const given = /position (\d+)/.exec(String(error))?.[1]
  if (given !== undefined) return Number(given)
  if (!isUnexpectedToken(text)) return text.length
  let [valid, refused] = [0, text.length]
  while (refused - valid > 1) {
    const middle = Math.floor((valid + refused) / 2)
    if (isUnexpectedToken(text.slice(0, middle))) refused = middle
    else valid = middle
  }
  return valid
}

function isUnexpectedToken(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    return (error as Error).message.startsWith('Unexpected token')
  }
}
