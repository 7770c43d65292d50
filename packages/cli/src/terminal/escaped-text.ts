import type { WriteStream } from 'node:tty'
import picocolors from 'picocolors'

type Colors = ReturnType<typeof picocolors.createColors>

/**
 * Colours for one stream: none where `NO_COLOR` has a value, some where `FORCE_COLOR` has one but 0, else those of a
 * terminal (https://no-color.org, https://force-color.org).
 */
export function colorsOf(stream: Pick<WriteStream, 'isTTY'>): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  const forced = FORCE_COLOR ? FORCE_COLOR !== '0' : stream.isTTY && TERM !== 'dumb'
  return picocolors.createColors(NO_COLOR ? false : forced)
}

/** Text of others on one line, so that nothing in it can steer a terminal. */
export function escaped(text: string): string {
  return text.replaceAll(/\p{C}|[\u2028\u2029]/gu, '?')
}

/** The same for a text of several lines. */
export function escapedLines(text: string): string {
  return text.split('\n').map(escaped).join('\n')
}

/** JSON in which characters that steer a terminal are written as their numbers: the value is the same. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(/[\p{C}\u2028\u2029]/gu, (character) =>
    character === '\n' ? character : numbered(character),
  )
}

function numbered(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
