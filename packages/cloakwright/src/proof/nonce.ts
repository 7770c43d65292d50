import { createHmac, timingSafeEqual } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'

/** 32 random bytes or more; the first makes nonces, all accept them. A function is called before each use. */
export type NonceKeys = readonly Uint8Array[] | (() => readonly Uint8Array[] | Promise<readonly Uint8Array[]>)

/** Server nonces (RFC 9449 §9) that need no store: any replica with the key knows those of the others. */
export interface Nonces {
  /** The current nonce. @param now Milliseconds since the epoch. */
  current(now: number): Promise<string>
  /** Whether this is the current nonce or the one before. @param now Milliseconds since the epoch. */
  accepts(nonce: string, now: number): Promise<boolean>
}

/** Milliseconds that a nonce is the current one; it is accepted for as long again. */
const period = 60_000
/** The HMAC in base64url: nobody who lacks the key can tell the next one. */
const length = 43

/**
 * A nonce is the HMAC of the minute: nothing else would have to be told apart.
 *
 * @param clockTolerance Milliseconds by which the replicas' clocks may differ.
 * @throws {CW_CONFIG_MISSING} No key.
 * @throws {CW_CONFIG_INVALID} A key of less than 32 bytes.
 */
export function createNonces(keys: NonceKeys, clockTolerance: number): Nonces {
  const read = async (): Promise<readonly Uint8Array[]> =>
    typeof keys === 'function' ? checkKeys(await keys()) : keys
  if (typeof keys !== 'function') checkKeys(keys)
  return {
    async current(now) {
      const [first] = (await read()) as readonly [Uint8Array]
      return nonceOf(first, Math.floor(now / period))
    },
    async accepts(nonce, now) {
      if (nonce.length !== length) return false
      const given = Buffer.from(nonce)
      const latest = Math.floor((now + clockTolerance) / period)
      const minutes = [latest, latest - 1, Math.floor(now / period) - 1]
      return (await read()).some((key) =>
        minutes.some((minute) => isSame(given, Buffer.from(nonceOf(key, minute)))),
      )
    },
  }
}

function nonceOf(key: Uint8Array, minute: number): string {
  // The label keeps apart what the same key is used for elsewhere.
  return createHmac('sha256', key).update(`cloakwright DPoP nonce ${minute}`).digest('base64url')
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

function checkKeys(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  const hint = 'Give 32 random bytes, the same on every replica: openssl rand -base64 32'
  if (!Array.isArray(keys as unknown) || keys.length === 0)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'nonceKeys: there is none to make nonces with', { hint })
  for (const [index, key] of keys.entries()) {
    if (!(key instanceof Uint8Array) || key.length < 32)
      throw new CloakwrightError('CW_CONFIG_INVALID', `nonceKeys: number ${index + 1} is not 32 bytes long`, {
        hint,
      })
  }
  return keys
}
