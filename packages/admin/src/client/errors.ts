import { NetworkError } from '@keycloak/keycloak-admin-client'
import { CloakwrightError, type ErrorCode, unfitRedirect } from 'cloakwright'
import { rolesHint } from './required-roles.ts'
import { retryAfter } from './retry.ts'
import { refusalOf } from './transport.ts'

/** A function of the official client: `users.create`, which sends a POST. */
export interface Operation {
  readonly method: string
  /** The resource and function, as a program writes it. */
  name: string
}

/** What the official client threw, as our error: what, where, the server's own words, the next step. */
export function toAdminError(
  server: string,
  operation: Operation,
  cause: unknown,
  attempts: number,
): CloakwrightError {
  if (cause instanceof CloakwrightError) return cause
  if (cause instanceof NetworkError) return answered(operation, cause)
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError'
  const tried = attempts === 1 ? '' : ` (${attempts} attempts)`
  return new CloakwrightError(
    'CW_ADMIN_UNAVAILABLE',
    `Keycloak at ${server} ${timedOut ? 'did not answer in time' : 'could not be reached'}: ${operation.method} by ${operation.name}${tried}`,
    {
      hint:
        operation.method === 'POST'
          ? 'The request may have been carried out. Read before you repeat it.'
          : 'Check that Keycloak runs and that its base URL is right.',
      cause,
    },
  )
}

/** The text that Keycloak put into an error's body: `errorMessage`, `error` with `error_description`, or a list of `errors`. */
export function serverText(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const {
    errorMessage,
    error,
    error_description: description,
    field,
    errors,
  } = body as Record<string, unknown>
  if (Array.isArray(errors) && errors.length > 0) {
    return (
      errors
        .map((each) => serverText(each) ?? '')
        .filter((text) => text !== '')
        .join('; ') || undefined
    )
  }
  if (typeof errorMessage === 'string')
    return typeof field === 'string' ? `${field}: ${errorMessage}` : errorMessage
  if (typeof error !== 'string') return undefined
  return typeof description === 'string' ? `${error}, ${description}` : error
}

/** One short line, whatever the server sent. */
export function cleanText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must go
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 300)
}

function answered(operation: Operation, { response, responseData }: NetworkError): CloakwrightError {
  if (response.status >= 300 && response.status < 400)
    return refusalOf(operation.method, response.url)(unfitRedirect(response.url, response))
  const where = `${operation.method} ${new URL(response.url).pathname.replace(/\/$/, '')}`
  const text = cleanText(serverText(responseData) ?? response.statusText)
  const { code, hint } = meaning(response.status, text, operation.method, new URL(response.url).pathname)
  const seconds = retryAfter(response)
  return new CloakwrightError(
    code,
    `Keycloak answered ${where} with ${response.status}${text === '' ? '' : `: ${text}`}`,
    {
      ...(hint === undefined ? {} : { hint }),
      ...(seconds === undefined ? {} : { retryAfter: Math.ceil(seconds) }),
    },
  )
}

/** A field, and the message key of the validator that refused its value. */
const isProfileRefusal = /^[^\s:]+: error-/

function meaning(
  status: number,
  text: string,
  method: string,
  pathname: string,
): { code: ErrorCode; hint?: string } {
  switch (status) {
    case 401:
      return {
        code: 'CW_ADMIN_UNAUTHORIZED',
        hint: 'The access token is not accepted. Check the credentials and the server.',
      }
    case 403:
      return {
        code: 'CW_ADMIN_FORBIDDEN',
        hint:
          rolesHint(method, pathname) ??
          'Give the administrator or service account the role of realm-management that this needs, such as realm-admin for all.',
      }
    case 404:
      return text.startsWith('Realm not found')
        ? { code: 'CW_ADMIN_NOT_FOUND', hint: 'Check the name of the realm: it is exact.' }
        : { code: 'CW_ADMIN_NOT_FOUND' }
    case 409:
      return conflict(text)
    case 429:
    case 502:
    case 503:
    case 504:
      return { code: 'CW_ADMIN_UNAVAILABLE', hint: 'Try again when Keycloak is ready.' }
    default:
      if (status === 400 && isProfileRefusal.test(text)) {
        return {
          code: 'CW_ADMIN_REFUSED',
          hint: "The realm's user profile refuses the value: see what it asks of this field (Realm settings, User profile).",
        }
      }
      return status < 500
        ? { code: 'CW_ADMIN_REFUSED' }
        : { code: 'CW_ADMIN_FAILED', hint: "Keycloak's own log says more." }
  }
}

/** What is taken, in Keycloak's own words: it does not say by whom. */
function conflict(text: string): { code: ErrorCode; hint?: string } {
  const taken = /with same (email|username)/.exec(text)?.[1]
  const hints: Readonly<Record<string, string>> = {
    email:
      'Another user has this e-mail address. Find that user by it (cloakwright users get ADDRESS), or give another address.',
    username:
      'Another user has this user name, or has it as e-mail address. Find that user by it (cloakwright users get NAME), or give another name.',
  }
  const hint = taken === undefined ? undefined : hints[taken]
  return { code: 'CW_ADMIN_CONFLICT', ...(hint !== undefined && { hint }) }
}
