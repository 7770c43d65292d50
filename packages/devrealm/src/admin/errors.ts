import type { WriteError } from '../store/index.ts'

/** An error response of the Admin API: Keycloak's status and body. */
export class AdminError extends Error {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>

  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(`Admin API: ${status}`)
    this.name = 'AdminError'
    this.status = status
    this.body = body
  }
}

/** 401: the token is missing or invalid. */
export function unauthorized(): AdminError {
  return new AdminError(401, { error: 'HTTP 401 Unauthorized' })
}

/** 403: the caller lacks a role. */
export function forbidden(): AdminError {
  return new AdminError(403, { error: 'HTTP 403 Forbidden' })
}

/** 404. Keycloak has a message for each kind of object; without a message, no resource matches the path. */
export function notFound(error = 'HTTP 404 Not Found'): AdminError {
  return new AdminError(404, { error })
}

/** 409 with Keycloak's `errorMessage`. */
export function conflict(errorMessage: string): AdminError {
  return new AdminError(409, { errorMessage })
}

/** 409 with Keycloak's message for a conflict in its database. */
export function duplicate(): AdminError {
  return new AdminError(409, { error: 'conflict', error_description: 'Duplicate resource error' })
}

/** 400 with `errorMessage`. */
export function refused(errorMessage: string): AdminError {
  return new AdminError(400, { errorMessage })
}

/** 400 with `error`, and `error_description` if given. */
export function badRequest(error: string, error_description?: string): AdminError {
  return new AdminError(400, error_description === undefined ? { error } : { error, error_description })
}

/** 400 with Keycloak's response to a value of a wrong type. */
export function wrongType(): AdminError {
  return badRequest('unknown_error', 'Cannot parse the JSON')
}

/** 400 for a reference to an unknown object, where Keycloak returns 500. */
export function missing(): AdminError {
  return badRequest('unknown_error', 'The body refers to something that does not exist')
}

/** 500 with Keycloak's response to input that it does not handle. */
export function unforeseen(): AdminError {
  return new AdminError(500, {
    error: 'unknown_error',
    error_description: 'For more on this error consult the server log.',
  })
}

/** 400 if the database rejects the document, 503 if it is not available; the cause is only logged. */
export function notStored({ isRefusal, description }: WriteError): AdminError {
  if (isRefusal) return badRequest('unknown_error', 'The body has a value that the database cannot store')
  return new AdminError(503, { error: 'temporarily_unavailable', error_description: description })
}
