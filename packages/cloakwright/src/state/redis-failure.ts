import { CloakwrightError } from '../errors.ts'

/** What an error reply of Redis means, and the next step, by its first word. */
const replies: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  LOADING: ['it is loading its data', 'Wait until it has loaded them.'],
  READONLY: ['it is a replica', 'Connect to the primary server.'],
  OOM: ['it has reached maxmemory', 'Raise maxmemory. Keep maxmemory-policy noeviction.'],
  MISCONF: [
    'it cannot write to its disk',
    'Read the log of Redis, and check space and permissions of its data folder.',
  ],
  WRONGTYPE: [
    'a key has another type',
    'Give Cloakwright a database of its own: another program writes keys that start with {cloakwright}:',
  ],
  NOPERM: [
    'its user lacks a permission',
    'Allow the user the keys ~{cloakwright}:*, the channels &cloakwright:* and the commands in the documentation.',
  ],
  MOVED: ['it is part of a cluster', 'Use a Redis without cluster mode, or a proxy in front of the cluster.'],
}
const unknown = 'Check that Redis runs and that the client has the right host, port, user and password.'

/**
 * Converts an error of the client into one that is safe to log: an error reply may quote keys and values, so only its
 * first word is kept. Programming errors are returned unchanged.
 */
export function toRedisError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof CloakwrightError)
    return error
  const reply = /^([A-Z]{3,20}) /.exec(error.message)?.[1]
  if (reply === undefined) return connectionError(error)
  // "MISCONF Errors writing to the AOF file: No space left on device"
  if (reply === 'MISCONF' && error.message.includes('No space left'))
    return new CloakwrightError('CW_DISK_FULL', 'The disk of Redis is full', {
      retryAfter: 5,
      hint: 'Free space on the disk of Redis. No restart is needed.',
    })
  const [why, hint] = replies[reply] ?? ['it refused a command', unknown]
  return new CloakwrightError('CW_STATE_UNAVAILABLE', `Cannot use Redis: ${why} (${reply})`, {
    retryAfter: 5,
    hint,
  })
}

/** Messages of the client and of Node name the server at most. */
function connectionError(error: Error): CloakwrightError {
  const { code } = error as NodeJS.ErrnoException
  const why = code ?? (error.message === '' ? 'connection failed' : error.message)
  return new CloakwrightError('CW_STATE_UNAVAILABLE', `Cannot reach Redis: ${why}`, {
    cause: error,
    retryAfter: 5,
    hint: unknown,
  })
}
