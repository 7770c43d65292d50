import type { WriteStream } from 'node:tty'
import picocolors from 'picocolors'

type Colors = ReturnType<typeof picocolors.createColors>

/**
 * Colors for one stream: off if `NO_COLOR` is set, on if `FORCE_COLOR` is set and not 0, else on for a terminal
 * (https://no-color.org, https://force-color.org).
 */
export function colorsOf(stream: Pick<WriteStream, 'isTTY'>): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  const forced = FORCE_COLOR ? FORCE_COLOR !== '0' : stream.isTTY && TERM !== 'dumb'
  return picocolors.createColors(NO_COLOR ? false : forced === true)
}
