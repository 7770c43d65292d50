/** Keycloak's AdminEventRepresentation. */
export interface AdminEvent {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly realmId: string
  /** Ids of the administrator's realm, the client of the token, and the user. */
  readonly authDetails: {
    readonly realmId: string
    readonly clientId: string
    readonly userId: string
    readonly ipAddress: string
  }
  readonly operationType: 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION'
  readonly resourceType: string
  readonly resourcePath?: string
  /** JSON. */
  readonly representation?: string
  readonly details?: Readonly<Record<string, string>>
}

/** Maximum events per realm; older ones are dropped, so a long run does not fill the memory. */
const most = 20_000

/** How often Keycloak deletes expired events, in milliseconds: until then they stay. */
const cleaningInterval = 900_000

/** A realm's admin events, oldest first, in memory only. */
export class AdminEventLog {
  #events: AdminEvent[] = []
  #cleaned: number | undefined

  add(event: AdminEvent): void {
    this.#events.push(event)
    // In bulk: removing one from the front of a long list costs as much as removing many.
    if (this.#events.length >= most * 1.25) this.#events = this.#events.slice(-most)
  }

  /** The stored events; `expiration` in seconds, 0 for no expiry. */
  all(now: number, expiration: number): readonly AdminEvent[] {
    this.#cleaned ??= now
    if (now - this.#cleaned >= cleaningInterval) {
      this.#cleaned = now
      if (expiration > 0) this.#events = this.#events.filter((event) => event.time >= now - expiration * 1000)
    }
    return this.#events
  }

  clear(): void {
    this.#events = []
  }
}
