import { NetworkError } from '@keycloak/keycloak-admin-client'
import { CloakwrightError, type ErrorCode, unfitRedirect } from 'cloakwright'
import { sentenceOf } from './message-keys.ts'
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
    `Keycloak at ${server} ${timedOut ? 'did not respond in time' : 'could not be reached'}: ${operation.method} by ${operation.name}${tried}`,
    {
      hint:
        operation.method === 'POST'
          ? 'Keycloak may have carried out the request. Check before you repeat it.'
          : 'Check that Keycloak is running and that the base URL is correct.',
      cause,
    },
  )
}

/**
 * The text of an error's body: `errorMessage`, `error` with `error_description`, or a list of `errors`. A known message key
 * becomes a sentence.
 */
export function serverText(body: unknown): string | undefined {
  const texts = problemsIn(body).flatMap(({ sentence, text }) => sentence ?? text ?? [])
  return texts.join('; ') || undefined
}

interface ServerProblem {
  readonly key?: string
  readonly text?: string
  /** The key in English, where it is known. */
  readonly sentence?: string | undefined
}

function problemsIn(body: unknown): readonly ServerProblem[] {
  if (typeof body !== 'object' || body === null) return []
  const {
    errorMessage: key,
    error,
    error_description: described,
    field: named,
    params,
    errors,
  } = body as Record<string, unknown>
  if (Array.isArray(errors) && errors.length > 0) return errors.flatMap(problemsIn)
  const field = typeof named === 'string' ? named : undefined
  if (typeof key === 'string') {
    const text = field === undefined ? key : `${field}: ${key}`
    return [{ key, text, sentence: sentenceOf(key, { field, params: Array.isArray(params) ? params : [] }) }]
  }
  if (typeof error !== 'string') return []
  const description = typeof described === 'string' ? described : undefined
  const text = description === undefined ? error : `${error}, ${description}`
  return [{ key: error, text, sentence: sentenceOf(error, { description }) }]
}

/** What Keycloak's response said, for each error that was made from one. */
const refusals = new WeakMap<CloakwrightError, readonly ServerProblem[]>()

/** Why Keycloak refused a request: sentences where all its message keys are known, else the message of the error. */
export function refusalReason(error: CloakwrightError): string {
  const sentences = (refusals.get(error) ?? []).map(({ sentence }) => sentence)
  const isKnown = sentences.length > 0 && sentences.every((sentence) => sentence !== undefined)
  return isKnown ? cleanText(sentences.join('; ')) : error.message
}

/** Whether Keycloak's response to the failed request has this message key. */
export function hasMessageKey(error: CloakwrightError, key: string): boolean {
  return refusals.get(error)?.some((problem) => problem.key === key) === true
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
  const problems = problemsIn(responseData)
  const isOfProfile = problems.some(({ key, text: found }) => key !== found && isProfileKey.test(key ?? ''))
  const { code, hint } = meaning(
    response.status,
    text,
    operation.method,
    new URL(response.url).pathname,
    isOfProfile,
  )
  const seconds = retryAfter(response)
  const error = new CloakwrightError(
    code,
    `Keycloak responded to ${where} with ${response.status}${text === '' ? '' : `: ${text}`}`,
    {
      ...(hint === undefined ? {} : { hint }),
      ...(seconds === undefined ? {} : { retryAfter: Math.ceil(seconds) }),
    },
  )
  refusals.set(error, problems)
  return error
}

/** The message key of a validator of the user profile. */
const isProfileKey = /^error-/

function meaning(
  status: number,
  text: string,
  method: string,
  pathname: string,
  isOfProfile: boolean,
): { code: ErrorCode; hint?: string } {
  switch (status) {
    case 401:
      return {
        code: 'CW_ADMIN_UNAUTHORIZED',
        hint: 'Check the credentials and the server: Keycloak does not accept the access token.',
      }
    case 403:
      return {
        code: 'CW_ADMIN_FORBIDDEN',
        hint:
          rolesHint(method, pathname) ??
          'Give the administrator or service account the missing role of the client realm-management (realm-admin includes all).',
      }
    case 404:
      return text.startsWith('Realm not found')
        ? { code: 'CW_ADMIN_NOT_FOUND', hint: 'Check the name of the realm. Upper and lower case matter.' }
        : { code: 'CW_ADMIN_NOT_FOUND' }
    case 409:
      return conflict(text)
    case 429:
    case 502:
    case 503:
    case 504:
      return { code: 'CW_ADMIN_UNAVAILABLE', hint: 'Try again when Keycloak is ready.' }
    default:
      if (status === 400 && isOfProfile) {
        return {
          code: 'CW_ADMIN_REFUSED',
          hint: 'Check the rules for this field in the user profile of the realm (Realm settings, User profile).',
        }
      }
      return status < 500
        ? { code: 'CW_ADMIN_REFUSED' }
        : { code: 'CW_ADMIN_FAILED', hint: 'Look for the cause in the log of Keycloak.' }
  }
}

/** What is taken, in Keycloak's own words: it does not say by whom. */
function conflict(text: string): { code: ErrorCode; hint?: string } {
  const taken = /with same (email|username)/.exec(text)?.[1]
  const hints: Readonly<Record<string, string>> = {
    email: 'Use another e-mail address, or find the user who has this one: cloakwright users get ADDRESS.',
    username:
      'Use another user name, or find the user who has this one as user name or e-mail address: cloakwright users get NAME.',
  }
  const hint = taken === undefined ? undefined : hints[taken]
  return { code: 'CW_ADMIN_CONFLICT', ...(hint !== undefined && { hint }) }
}
