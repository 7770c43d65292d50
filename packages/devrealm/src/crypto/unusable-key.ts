/** A setting names an algorithm for which realm or client has no key. Keycloak fails here with status 500. */
export class UnusableKey extends Error {
  override readonly name = 'UnusableKey'
}
