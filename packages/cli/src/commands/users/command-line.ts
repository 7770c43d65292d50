import type { WriteOptions } from '../../connection/index.ts'

/** A command for the same realm as the one with these options, quoted for a shell. */
export function commandLine(words: readonly string[], options: WriteOptions): string {
  const { server, realm, profile, audit, reason } = options
  const named = Object.entries({ server, realm, profile, audit, reason })
  const others = [
    ...named.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...(options.dangerouslyAllowHttp === true ? ['--dangerously-allow-http'] : []),
    ...(options.yes === true ? ['--yes'] : []),
  ]
  return ['cloakwright', ...words, ...others].map(quoted).join(' ')
}

/** Quotes a word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
