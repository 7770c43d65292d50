import { CloakwrightError } from 'cloakwright'

/**
 * Sets `NAME=value` in an environment file (`.env`, systemd's, a shell's): one line is replaced, or added at the end; all
 * others stay byte by byte. Quotes and `export` stay as they were; a value that needs quotes gets single ones.
 *
 * @throws {CW_CONFIG_INVALID} for a name that is none, a variable that is set twice or over several lines, or a value that
 * has no place in one line
 */
export function setVariable(before: Buffer | undefined, name: string, value: string): Buffer {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw invalid(`${JSON.stringify(name)} is not a valid variable name`)
  if (/[\r\n\0']/.test(value)) throw invalid(`The value of ${name} has a line break, a NUL or a single quote`)
  // latin1 maps each byte to one character and back, whatever the file's encoding is.
  const text = before?.toString('latin1') ?? ''
  const lines = text.split(/(?<=\n)/)
  const pattern = new RegExp(`^(\\s*(?:export\\s+)?${name}[ \\t]*=[ \\t]*)(.*?)(\\s*)$`, 's')
  const at = lines.flatMap((line, index) => (pattern.test(line) ? [index] : []))
  if (at.length > 1) throw invalid(`The file sets ${name} ${at.length} times`)
  const [index] = at
  if (index === undefined) {
    const end = text === '' || text.endsWith('\n') ? '' : newline(text)
    return Buffer.from(`${text}${end}${name}=${quoted(value, '')}${newline(text)}`, 'latin1')
  }
  const [, head = '', old = '', tail = ''] = pattern.exec(lines[index] ?? '') ?? []
  const quote = /^["']/.exec(old)?.[0] ?? ''
  if (quote !== '' && !new RegExp(`^${quote}[^${quote}]*${quote}(?:\\s+#.*)?$`).test(old)) {
    throw invalid(`The file sets ${name} on several lines or with unclosed quotes`)
  }
  lines[index] = `${head}${quoted(value, quote)}${tail}`
  return Buffer.from(lines.join(''), 'latin1')
}

function quoted(value: string, quote: string): string {
  const isPlain = /^[A-Za-z0-9_.+/=:@-]*$/.test(value)
  const sign = isPlain ? quote : "'"
  return `${sign}${value}${sign}`
}

function newline(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n'
}

function invalid(why: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', why, {
    hint: 'Keep one line NAME=value for this variable in the file, or deliver the secret in another way.',
  })
}
