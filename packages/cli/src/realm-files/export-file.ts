import { readFileSync } from 'node:fs'
import { CloakwrightError } from 'cloakwright'

/**
 * The realms of Keycloak's export: one, or a list of them.
 *
 * @throws {CW_CONFIG_MISSING} when the file can't be read
 * @throws {CW_REALM_INVALID} when it is not JSON; the message has the line and column, and nothing of the content
 */
export function readRealms(file: string, option = '--import'): unknown[] {
  const content: unknown = parse(read(file, option), file)
  if (!Array.isArray(content)) return [content]
  if (content.length > 0) return content
  throw new CloakwrightError('CW_REALM_INVALID', `${file}: an empty list, with no realm in it`, {
    hint: 'Export the realm again',
  })
}

function read(file: string, option: string): string {
  try {
    // A byte order mark comes from Windows' own tools, and is no JSON.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new CloakwrightError(
      'CW_CONFIG_MISSING',
      `${option} names ${file}, which can't be read (${reason})`,
      {
        hint: "Give the path of a realm's export, made by Keycloak's kc.sh export or its console",
        cause: error,
      },
    )
  }
}

/** V8's own message shows the text around the mistake, which may be a secret: only the place leaves here. */
function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const before = text.slice(0, mistakeOffset(text, error)).split('\n')
    const place = `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
    throw new CloakwrightError('CW_REALM_INVALID', `${place}: this is not JSON`, {
      hint: 'Correct the file at that line and column, or export the realm again',
    })
  }
}

/** Where V8 stopped. It does not say for an unexpected token: then the shortest beginning that it refuses so ends there. */
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
