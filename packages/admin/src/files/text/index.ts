export { createTextCheck, encodingOf, startOf, textOf, utf8Of } from './encoding.ts'
export { notText } from './not-text.ts'
export { beginningOf, type Line, type LineEnd, readLines, readTextLines, rowLimit } from './read-lines.ts'
