/** Keycloak shows a hidden secret as this; written back, it would become the live secret of a client. */
export const mask = '**********'

/** Names of fields that hold a secret, as any of Keycloak's representations or providers spells them. */
const secret =
  /passw|pwd|secret|credential|(?:private|api|access|signing)[._-]?key|passphrase|keystore|salt|token$|otp[._-]?seed|^codeSecret$/i

/** Names that only sound like it: policies, flags, lists of names, times. */
const harmless =
  /policy$|flow$|actions?$|types?$|alias$|(?:creation|expiration|expires|created|updated)[._-]?(?:time|date|at)?$|lifespan|enabled$|allowed$|required$|label$|^requiredCredentials$/i

/**
 * A copy of a change's values in which nothing can be a secret: the second line of defence, for tasks leave secrets out
 * themselves. What a field's name gives away is masked whole, whatever it holds; so is a `value` next to a name or type
 * that gives it away, and the private members of a JWK. JSON in a text is looked into. True, false and numbers stay.
 */
export function masked(value: unknown, isSecret = false): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (Array.isArray(value)) return isSecret ? mask : value.map((each) => masked(each))
  if (isSecret) return mask
  if (typeof value === 'string') return maskedText(value)
  if (typeof value !== 'object') return value
  const record = value as Readonly<Record<string, unknown>>
  const told = [record['type'], record['name'], record['key']].some(
    (name) => typeof name === 'string' && isSecretName(name),
  )
  const isJwk = typeof record['kty'] === 'string'
  return Object.fromEntries(
    Object.entries(record).map(([name, each]) => [
      name,
      masked(
        each,
        isSecretName(name) ||
          (told && /^(?:values?|secretData|credentialData|device)$/.test(name)) ||
          (isJwk && privateMembers.has(name)),
      ),
    ]),
  )
}

/** Of private and symmetric keys (RFC 7518 section 6). */
const privateMembers: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])

/** As it is, unless it is JSON with a secret in it, such as a client's key set. */
function maskedText(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    const value: unknown = JSON.parse(text)
    const safe = JSON.stringify(masked(value))
    return safe === JSON.stringify(value) ? text : safe
  } catch (error) {
    // Anything but no JSON: too deep to look into.
    return error instanceof SyntaxError ? text : mask
  }
}

/** Whether a field of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return secret.test(name) && !harmless.test(name)
}
