/**
 * The only expected 500 responses: Keycloak's own for these requests, recorded in tests. The realm logs no error for them; any
 * logged error is a defect.
 */
const recorded = [
  // A realm without a mail server.
  [/^PUT .*\/(?:execute-actions-email|reset-password-email|send-verify-email)$/, 'Failed to send'],
  // partialImport does not report what it could not read, and fails as a whole.
  [/^POST .*\/partialImport$/, 'unknown_error'],
  [/^POST .*\/partialImport$/, 'invalid_request'],
  // An invalid password hash of a user.
  [/^POST .*\/users$/, 'invalid_request'],
  // An unknown event type.
  [/^GET .*\/admin-events$/, 'unknown_error'],
  // A flow that the realm uses is deleted.
  [/^DELETE .*\/authentication\/flows\/[^/]+$/, 'unknown_error'],
  // A setting names an algorithm without a key.
  [/^(?:GET|POST) \/realms\//, 'consult the server log'],
  // A group moved below itself.
  [/^POST .*\/groups\/[^/]+\/children$/, 'unknown_error'],
]

function isRecorded({ method, path }, { status, body }) {
  const called = `${method} ${path.replace(/\/?(?:\?.*)?$/s, '')}`
  // What the embedded realm does not have.
  if (status === 501) return true
  return status === 500 && recorded.some(([pattern, text]) => pattern.test(called) && body.includes(text))
}

/** Milliseconds; longer requests count as a hang. */
const limit = 2_000

/**
 * The problem of a response, or `undefined`. `busy` is the CPU time of the realm during the request, in milliseconds
 * (`undefined` if unknown): below the limit, the machine was slow and not the realm, up to 6 s.
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
