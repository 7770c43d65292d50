/** Why an open response is closed: a code of RFC 6455 §7.4 and a reason, both sent to the client of a WebSocket. */
export interface End {
  readonly code: number
  readonly reason: string
}

/** The reasons that a guard uses; 44xx are HTTP's 401 and 403 in the range for applications (4000–4999). */
export const ends: Readonly<
  Record<'tokenExpired' | 'tokenRevoked' | 'sessionEnded' | 'forbidden' | 'unavailable', End>
> = {
  tokenExpired: { code: 4401, reason: 'token expired' },
  tokenRevoked: { code: 4401, reason: 'token revoked' },
  sessionEnded: { code: 4401, reason: 'session ended' },
  forbidden: { code: 4403, reason: 'access withdrawn' },
  // Registered with IANA as "Try Again Later".
  unavailable: { code: 1013, reason: 'try again later' },
}
