import { createHmac, timingSafeEqual } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'

/** 32 random bytes or more; the first creates nonces, all accept them. A function is called before each use. */
export type NonceKeys = readonly Uint8Array[] | (() => readonly Uint8Array[] | Promise<readonly Uint8Array[]>)

/** Server nonces (RFC 9449 §9) without a store: every replica with the key recognizes those of the others. */
export interface Nonces {
  /** The current nonce. @param now Milliseconds since the epoch. */
  current(now: number): Promise<string>
  /** Whether this is the current nonce or the one before. @param now Milliseconds since the epoch. */
  accepts(nonce: string, now: number): Promise<boolean>
}

/** Milliseconds for which a nonce is the current one; it is accepted for as long again. */
const period = 60_000
/** The HMAC in base64url: the next one cannot be guessed without the key. */
const length = 43

/**
 * A nonce is the HMAC of the current minute: it needs no other input.
 *
 * @param clockTolerance Milliseconds that the replicas' clocks may differ by.
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
  // The label separates this use of the key from others.
  return createHmac('sha256', key).update(`cloakwright DPoP nonce ${minute}`).digest('base64url')
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

function checkKeys(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  const hint = 'Use 32 random bytes, the same on every replica: openssl rand -base64 32'
  if (!Array.isArray(keys as unknown) || keys.length === 0)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'nonceKeys: the list is empty', { hint })
  for (const [index, key] of keys.entries()) {
    if (!(key instanceof Uint8Array) || key.length < 32)
      throw new CloakwrightError(
        'CW_CONFIG_INVALID',
        `nonceKeys[${index}]: not a Uint8Array of 32 bytes or more`,
        {
          hint,
        },
      )
  }
  return keys
}
