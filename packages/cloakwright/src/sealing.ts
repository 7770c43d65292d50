import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import { CloakwrightError } from './errors.ts'

/** A key that encrypts data that leaves the process: stored tokens, login cookies, tickets. */
export interface SessionKey {
  /** Stored next to the encrypted data: letters, digits, `-` and `_`, at most 32. */
  readonly id: string
  /** 32 random bytes (AES-256). */
  readonly key: Uint8Array
}

/** The first key encrypts, all keys decrypt. A function is called before each use. */
export type SessionKeys =
  | readonly SessionKey[]
  | (() => readonly SessionKey[] | Promise<readonly SessionKey[]>)

/** Encrypted data and the id of its key. */
export interface Sealed {
  readonly keyId: string
  readonly sealed: Uint8Array
}

/** Encrypts and decrypts with keys that may change at any time. */
export interface Keyring {
  /** Encrypts with the first key; only the same `binding` opens it again. */
  seal(text: string, binding: readonly unknown[]): Promise<Sealed>
  /** `undefined` if the key was removed or the data was changed. */
  open(sealed: Sealed, binding: readonly unknown[]): Promise<string | undefined>
}

const ivLength = 12
const tagLength = 16

/**
 * AES-256-GCM with a random IV. The binding is authenticated with the data (AAD), so data sealed for one row, cookie or
 * client cannot be used for another.
 *
 * @throws {CW_CONFIG_MISSING} No key.
 * @throws {CW_CONFIG_INVALID} A key is not 32 bytes long, or an id is invalid or used twice.
 */
export function createKeyring(keys: SessionKeys): Keyring {
  const read = async (): Promise<readonly SessionKey[]> =>
    typeof keys === 'function' ? checkKeys(await keys()) : keys
  if (typeof keys !== 'function') checkKeys(keys)
  return {
    async seal(text, binding) {
      const [first] = (await read()) as readonly [SessionKey]
      const iv = randomBytes(ivLength)
      const cipher = createCipheriv('aes-256-gcm', first.key, iv)
      cipher.setAAD(toAad(binding))
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return { keyId: first.id, sealed }
    },
    async open({ keyId, sealed }, binding) {
      const key = (await read()).find(({ id }) => id === keyId)?.key
      if (key === undefined || sealed.length < ivLength + tagLength) return undefined
      const options = { authTagLength: tagLength }
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivLength), options)
      decipher.setAAD(toAad(binding))
      decipher.setAuthTag(sealed.subarray(-tagLength))
      const text = decipher.update(sealed.subarray(ivLength, -tagLength))
      try {
        return Buffer.concat([text, decipher.final()]).toString('utf8')
      } catch {
        return undefined
      }
    },
  }
}

/** 256 random bits, as 43 characters that need no escaping anywhere. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url')
}

/** SHA-256, base64url. The hashed values have 256 random bits, so salt and stretching would add nothing. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}

function toAad(binding: readonly unknown[]): Buffer {
  return Buffer.from(JSON.stringify(binding))
}

function checkKeys(keys: readonly SessionKey[]): readonly SessionKey[] {
  if (!Array.isArray(keys as unknown) || keys.length === 0)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'keys: the list is empty', {
      hint: 'Create a key of 32 random bytes: openssl rand -base64 32',
    })
  for (const [index, one] of keys.entries()) {
    const { id, key } = (one ?? {}) as Partial<SessionKey>
    const problem =
      typeof id !== 'string' || !/^[\w-]{1,32}$/.test(id)
        ? 'needs an id of 1 to 32 letters, digits, - or _'
        : !(key instanceof Uint8Array) || key.length !== 32
          ? `has ${key instanceof Uint8Array ? key.length : 'no'} bytes; AES-256 needs 32`
          : keys.findIndex((other) => other.id === id) !== index
            ? 'has the same id as another key'
            : undefined
    if (problem !== undefined)
      throw new CloakwrightError('CW_CONFIG_INVALID', `keys[${index}]: ${problem}`, {
        hint: 'Give each key its own id and 32 random bytes: openssl rand -base64 32',
      })
  }
  return keys
}
