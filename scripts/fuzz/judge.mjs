/**
 * The only answers with 500 that are right: Keycloak's own to these requests, recorded in tests. The realm logs no error with
 * them; one that it logs is a fault wherever it happens.
 */
const recorded = [
  // A realm without a mail server.
  [/^PUT .*\/(?:execute-actions-email|reset-password-email|send-verify-email)$/, 'Failed to send'],
  // partialImport tells nothing of what it could not read, and fails as a whole.
  [/^POST .*\/partialImport$/, 'unknown_error'],
  [/^POST .*\/partialImport$/, 'invalid_request'],
  // A hashed password that is none, of a user.
  [/^POST .*\/users$/, 'invalid_request'],
  // A type of events that does not exist.
  [/^GET .*\/admin-events$/, 'unknown_error'],
  // A flow that the realm uses is deleted.
  [/^DELETE .*\/authentication\/flows\/[^/]+$/, 'unknown_error'],
  // A group moved below itself.
  [/^POST .*\/groups\/[^/]+\/children$/, 'unknown_error'],
]

function isRecorded({ method, path }, { status, body }) {
  const called = `${method} ${path.replace(/\/?(?:\?.*)?$/s, '')}`
  return status === 500 && recorded.some(([pattern, text]) => pattern.test(called) && body.includes(text))
}

/** Milliseconds; what takes longer counts as a hang. */
const limit = 2_000

/**
 * What is wrong with a response; `undefined` when nothing is. `busy` is how long the whole realm has run on a processor meanwhile, in
 * milliseconds (`undefined` where the system does not tell): below the limit, the machine was late and not the realm, up to 6 s.
 */
export function faultOf(request, outcome, busy) {
  const { status, problem, milliseconds, body, headers } = outcome
  if (problem !== undefined) return problem
  if (status >= 500 && !isRecorded(request, outcome)) return `status ${status}`
  const isStarved = busy !== undefined && busy < limit && milliseconds < 3 * limit
  if (milliseconds > limit && !isStarved) return `took ${Math.round(milliseconds)} ms`
  const claimsJson = headers['content-type']?.startsWith('application/json') === true
  if (claimsJson && body !== '' && !isJson(body)) return 'a body that is not JSON'
  return undefined
}

export function isJson(text) {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
