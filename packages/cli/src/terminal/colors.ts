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
