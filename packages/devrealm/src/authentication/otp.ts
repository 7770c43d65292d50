import { randomBytes, randomUUID } from 'node:crypto'
import { verifySync } from 'otplib'
import type { RealmContext } from '../context/index.ts'
import type { Credential, User } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'

/** Whether the user has a one-time-code generator set up. */
export function hasOtp(user: Readonly<User>): boolean {
  return user.credentials.some((credential) => credential.type === 'otp')
}

/**
 * Checks a one-time code against the user's generators (RFC 6238). Each code can be used once, unless the realm's policy allows
 * reuse.
 */
export function takeOtp(
  context: RealmContext,
  realm: RealmStore,
  user: Readonly<User>,
  code: string,
): boolean {
  return user.credentials.some(
    (credential) => credential.type === 'otp' && takeCode(context, realm, credential, code),
  )
}

/** A generator for the secret if `code` is its current code; `undefined` for a wrong code. */
export function otpCredential(
  context: RealmContext,
  realm: RealmStore,
  secret: string,
  code: string,
  userLabel: string,
): Credential | undefined {
  const { info } = realm
  const credential: Credential = {
    id: randomUUID(),
    type: 'otp',
    userLabel,
    createdDate: context.now(),
    secretData: JSON.stringify({ value: secret }),
    credentialData: JSON.stringify({
      subType: info.otpPolicyType,
      digits: info.otpPolicyDigits,
      counter: info.otpPolicyInitialCounter,
      period: info.otpPolicyPeriod,
      algorithm: info.otpPolicyAlgorithm,
    }),
  }
  return takeCode(context, realm, credential, code) ? credential : undefined
}

/** A new secret of 20 characters; as in Keycloak, the characters are the key. */
export function newOtpSecret(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  let secret = ''
  while (secret.length < 20) {
    for (const byte of randomBytes(32)) {
      // Bytes above the last whole multiple would favour the first letters.
      if (byte < 248 && secret.length < 20) secret += alphabet[byte % alphabet.length]
    }
  }
  return secret
}

/** The secret in the format of authenticator apps (RFC 4648 base 32). */
export function base32(secret: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of Buffer.from(secret)) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      text += alphabet[(held >> (bits - 5)) & 31]
      bits -= 5
    }
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31]
}

interface OtpData {
  readonly digits: number
  /** Seconds. */
  readonly period: number
  readonly algorithm: string
}

const hashes: ReadonlyMap<string, 'sha1' | 'sha256' | 'sha512'> = new Map([
  ['HmacSHA1', 'sha1'],
  ['HmacSHA256', 'sha256'],
  ['HmacSHA512', 'sha512'],
])

/** Limits the look-ahead: codes are compared one by one. */
const mostWindows = 100

function takeCode(context: RealmContext, realm: RealmStore, credential: Credential, code: string): boolean {
  const { value } = JSON.parse(credential.secretData) as { value: unknown }
  const data = JSON.parse(credential.credentialData) as OtpData
  const algorithm = hashes.get(data.algorithm)
  // An import may bring an invalid credential: it matches no code.
  if (typeof value !== 'string' || algorithm === undefined || !(data.period > 0)) return false
  if (![6, 8].includes(data.digits) || code.length !== data.digits || !/^\d+$/.test(code)) return false
  const result = verifySync({
    secret: new TextEncoder().encode(value),
    token: code,
    epoch: Math.floor(context.now() / 1000),
    epochTolerance: Math.min(realm.info.otpPolicyLookAheadWindow, mostWindows) * data.period,
    period: data.period,
    digits: data.digits as 6 | 8,
    algorithm,
  })
  if (!result.valid || !('timeStep' in result)) return false
  if (realm.info.otpPolicyCodeReusable) return true
  const end = (result.timeStep + 1 + mostWindows) * data.period * 1000
  return context.usedOtps.use(`${value}/${result.timeStep}`, end, context.now())
}
