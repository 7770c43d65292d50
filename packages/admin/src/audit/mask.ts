const mask = '**********'

/** Names of fields that hold a secret, as any of Keycloak's representations or providers spells them. */
const secret =
  /passw|pwd|secret|credential|private[._-]?key|passphrase|keystore|salt|token$|otp[._-]?seed|^codeSecret$/i

/** Names that only sound like it: policies, flags, lists of names, times. */
const harmless =
  /policy$|flow$|actions?$|types?$|alias$|(?:creation|expiration|expires|created|updated)[._-]?(?:time|date|at)?$|lifespan|enabled$|allowed$|required$|label$|^requiredCredentials$/i

/**
 * A copy of a change's values in which nothing can be a secret: the second line of defence, for tasks leave secrets out
 * themselves. What a field's name gives away is masked whole, whatever it holds; so is a `value` beside a name or type
 * that gives it away. True, false and numbers stay.
 */
export function masked(value: unknown, isSecret = false): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (Array.isArray(value)) return isSecret ? mask : value.map((each) => masked(each))
  if (typeof value !== 'object') return isSecret ? mask : value
  if (isSecret) return mask
  const record = value as Readonly<Record<string, unknown>>
  const told = [record['type'], record['name'], record['key']].some(
    (name) => typeof name === 'string' && isSecretName(name),
  )
  return Object.fromEntries(
    Object.entries(record).map(([name, each]) => [
      name,
      masked(each, isSecretName(name) || (told && /^(?:value|secretData|credentialData|device)$/.test(name))),
    ]),
  )
}

/** Whether a field of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return secret.test(name) && !harmless.test(name)
}
