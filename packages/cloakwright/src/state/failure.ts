import { CloakwrightError } from '../errors.ts'

/**
 * A statement that PostgreSQL rejected, without the parts of a driver's error that quote values: parameters, `detail`
 * and most messages.
 */
export class SqlError extends Error {
  override readonly name = 'SqlError'
  /** SQLSTATE, e.g. `23505` for a unique violation. */
  readonly code: string
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  readonly constraint: string | undefined

  constructor(code: string, message: string, fields: Record<string, unknown>) {
    super(message)
    this.code = code
    this.schema = text(fields['schema'])
    this.table = text(fields['table'])
    this.column = text(fields['column'])
    this.constraint = text(fields['constraint'])
  }
}

/**
 * Error classes whose messages name database objects only. Others, above all data exceptions (`22P02: invalid input
 * syntax for type uuid: "…"`), quote the value.
 */
const safeClasses = new Set(['08', '0A', '23', '25', '28', '3D', '3F', '40', '42', '53', '54', '55', '57'])

/** No connection, too many connections, shutting down, or wrong credentials or database name. */
const unavailableClasses = new Set(['08', '28', '3D', '53'])
const unavailableStates = new Set(['57P01', '57P02', '57P03', '57P05'])

/** Plain errors of `pg`, its pool and PGlite when the database is not available. */
const unavailableText =
  /connection terminated|connection error|not queryable|timeout|calling end on the pool|client was closed|is closed|closing/i

/**
 * Converts a driver's error into one that is safe to log. It is a {@link CloakwrightError} `CW_STATE_UNAVAILABLE`
 * when the database cannot be reached, and `CW_DISK_FULL` when its disk is full. It is an {@link SqlError} when the
 * database rejected a statement. Other errors are returned unchanged.
 */
export function toStateError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CloakwrightError || error instanceof SqlError)
    return error
  const fields = error as unknown as Record<string, unknown>
  const code = text(fields['code']) ?? ''
  if (/^[0-9A-Z]{5}$/.test(code) && 'severity' in fields) {
    const unavailable = unavailableClasses.has(code.slice(0, 2)) || unavailableStates.has(code)
    const message = safeClasses.has(code.slice(0, 2))
      ? error.message
      : 'a value is not valid for its column or type'
    const sqlError = new SqlError(code, `PostgreSQL (${code}): ${message}`, fields)
    if (code === '53100') return diskFullError(message, sqlError)
    return unavailable ? unavailableError(message, sqlError) : sqlError
  }
  // A refused or broken connection: Node's system errors, one for each IP address of the host.
  if ('syscall' in fields || /^E[A-Z_]+$/.test(code) || error instanceof AggregateError)
    return unavailableError(code === '' ? 'connection failed' : code, error)
  if (unavailableText.test(error.message)) return unavailableError(error.message, error)
  return error
}

function diskFullError(why: string, cause: Error): CloakwrightError {
  return new CloakwrightError('CW_DISK_FULL', `The disk of the database is full: ${why}`, {
    cause,
    retryAfter: 5,
    hint: 'Free space on the disk of PostgreSQL (embedded: the disk of CLOAKWRIGHT_HOME). No restart is needed.',
  })
}

function unavailableError(why: string, cause: Error): CloakwrightError {
  return new CloakwrightError('CW_STATE_UNAVAILABLE', `Cannot reach the database: ${why}`, {
    cause,
    retryAfter: 5,
    hint: 'Check that PostgreSQL runs and that DATABASE_URL has the right host, port, user, password and database.',
  })
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
