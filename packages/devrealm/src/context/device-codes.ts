import { randomInt } from 'node:crypto'
import type { RealmStore } from '../store/index.ts'
import { dropOldest } from './drop-oldest.ts'
import { randomToken } from './random-token.ts'

/** A device authorization request (RFC 8628 section 3.1). */
export interface DeviceRequest {
  readonly realmId: string
  /** The client's id. */
  readonly clientId: string
  readonly scope: string | undefined
  readonly nonce: string | undefined
  readonly challenge: string | undefined
  readonly challengeMethod: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** The shortest time between two polls in milliseconds. */
  readonly interval: number
}

/** The login that granted access to a device. */
export interface DeviceApproval {
  readonly sessionId: string
  readonly scope: string
  readonly acr: string
}

/** A device code and what its user decided. */
export interface DeviceCode extends DeviceRequest {
  readonly deviceCode: string
  readonly userCode: string
  readonly decision: 'denied' | DeviceApproval | undefined
  /** When the device may poll again. */
  readonly nextPoll: number
}

const maxCodes = 10_000
/** How long an expired code is remembered, to tell the device and the user why it fails. */
const expiredCodeMemory = 10 * 60_000

/** The device codes that were not exchanged for tokens. */
export class DeviceCodes {
  readonly #codes = new Map<string, DeviceCode>()
  readonly #byUserCode = new Map<string, string>()

  issue(request: DeviceRequest): DeviceCode {
    const code: DeviceCode = {
      ...request,
      deviceCode: randomToken(32),
      userCode: this.#newUserCode(request.realmId),
      decision: undefined,
      nextPoll: 0,
    }
    this.#codes.set(code.deviceCode, code)
    this.#byUserCode.set(keyOf(code.realmId, code.userCode), code.deviceCode)
    dropOldest(this.#codes, maxCodes)
    dropOldest(this.#byUserCode, maxCodes)
    return code
  }

  /** The code of a device, expired or not. */
  find(realm: RealmStore, deviceCode: string, now: number): DeviceCode | undefined {
    const code = this.#codes.get(deviceCode)
    if (code === undefined || code.realmId !== realm.info.id) return undefined
    if (now <= code.expiresAt + expiredCodeMemory) return code
    this.drop(code)
    return undefined
  }

  /** The undecided request of a user code, which may be typed in any letter case and without its dash. */
  findByUserCode(realm: RealmStore, typed: string, now: number): DeviceCode | undefined {
    const deviceCode = this.#byUserCode.get(keyOf(realm.info.id, typed))
    const code = deviceCode === undefined ? undefined : this.find(realm, deviceCode, now)
    return code?.decision === undefined ? code : undefined
  }

  /** Stores the user's decision. */
  decide(deviceCode: string, decision: DeviceCode['decision']): void {
    const code = this.#codes.get(deviceCode)
    if (code !== undefined) this.#codes.set(deviceCode, { ...code, decision })
  }

  /** Whether the device may poll now; if so, the pause before its next poll begins. */
  poll(code: DeviceCode, now: number): boolean {
    if (now < code.nextPoll) return false
    this.#codes.set(code.deviceCode, { ...code, nextPoll: now + code.interval })
    return true
  }

  drop(code: DeviceCode): void {
    this.#codes.delete(code.deviceCode)
    this.#byUserCode.delete(keyOf(code.realmId, code.userCode))
  }

  /** Eight random letters in Keycloak's format, which no other device of the realm has. */
  #newUserCode(realmId: string): string {
    const letters = Array.from({ length: 8 }, () => String.fromCharCode(65 + randomInt(26))).join('')
    const userCode = `${letters.slice(0, 4)}-${letters.slice(4)}`
    return this.#byUserCode.has(keyOf(realmId, userCode)) ? this.#newUserCode(realmId) : userCode
  }
}

function keyOf(realmId: string, userCode: string): string {
  return `${realmId} ${userCode.toUpperCase().replaceAll('-', '')}`
}
