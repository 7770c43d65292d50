import type { LogEntry } from './admission.ts'

/**
 * The default of `onRefused` in frameworks without a log: one line on standard error for each failure of the service or of
 * what it depends on (status 500 and above), since its client learns no reason. Errors of the application may contain
 * anything, so only their name is shown.
 */
export function reportFailure({ level, code, message, hint, requestId, error }: LogEntry): void {
  // Only failures have the error itself, or this level.
  if (error === undefined && level !== 'error') return
  const isOwn = code.startsWith('CW_')
  const name = error instanceof Error ? error.name : typeof error
  const what = isOwn
    ? `${message}. ${hint ?? ''}`.trimEnd()
    : `${name}. Set onRefused to log the error itself.`
  console.error(`cloakwright: ${code}: ${what} (request ${requestId})`)
}
