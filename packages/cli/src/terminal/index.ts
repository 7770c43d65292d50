/**
 * Output and prompts. In: results, progress, errors, questions. Out: text without control characters, and the replies
 * to prompts. Used by connection, lookup and commands.
 */

export { escaped, toJson } from './escaped-text.ts'
export { type Job, runJob } from './job-progress.ts'
export { countOf, duration, endProgress, note, print, printError, progress } from './output.ts'
export { askSecret, confirmed } from './prompts.ts'
export { type Column, printList, printObject, writeLine } from './results.ts'
export { abortedBySignals, untilStopped } from './stop-signals.ts'
export { localTime, type Span, spanText, toSpan, toTime } from './time-words.ts'
