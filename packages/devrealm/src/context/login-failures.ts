/** Failed logins of one user, for the lockout. Times are milliseconds since the epoch. */
export interface UserFailures {
  count: number
  temporaryLockouts: number
  lastFailure: number
  lastIp: string
  notBefore: number
}

/** The failed logins of all users, by the user's id. */
export class LoginFailures {
  readonly #failures = new Map<string, UserFailures>()

  get(userId: string): UserFailures | undefined {
    return this.#failures.get(userId)
  }

  set(userId: string, failures: UserFailures): void {
    this.#failures.set(userId, failures)
  }

  clear(userId: string): void {
    this.#failures.delete(userId)
  }
}
