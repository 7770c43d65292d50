import { isIP } from 'node:net'
import type { Keyring } from '../sealing.ts'
import type { SealedValue, SessionRecord } from '../state/index.ts'
import type { SessionConfig } from './config.ts'
import type { SessionRequest } from './types.ts'

/** Where a user signed in: personal data, which is stored encrypted. */
export interface Device {
  readonly userAgent?: string | undefined
  readonly address?: string | undefined
}

/** Maximum number of characters; those of common browsers have fewer than 200. */
const maxUserAgent = 256

/** The device of a request. Its address is the one that the adapter or the service trusts. */
export function deviceOf(
  { clientAddress }: Pick<SessionConfig, 'clientAddress'>,
  request: SessionRequest,
): Device {
  const userAgent = request.headers
    .get('user-agent')
    ?.replace(/[^\x20-\x7e]/g, '')
    .slice(0, maxUserAgent)
  const given = clientAddress === undefined ? request.address?.() : clientAddress(request)
  // A server that listens on IPv6 shows IPv4 addresses so. The zone after % has no length limit, and some versions of Node.js
  // accept any text in it.
  const address = given?.replace(/^::ffff:(?=[\d.]+$)/, '').replace(/%.*/s, '')
  return {
    userAgent: userAgent === '' ? undefined : userAgent,
    address: address === undefined || isIP(address) === 0 ? undefined : address,
  }
}

type Identity = Pick<SessionRecord, 'key'>

/** Encrypts a device for one row. */
export async function sealDevice(keyring: Keyring, device: Device, { key }: Identity): Promise<SealedValue> {
  return await keyring.seal(JSON.stringify(device), ['device', key])
}

/** Decrypts a row's device; an empty one if its key was removed, and for a session from before devices were stored. */
export async function openDevice(
  keyring: Keyring,
  { key, device }: Pick<SessionRecord, 'key' | 'device'>,
): Promise<Device> {
  const text = device && (await keyring.open(device, ['device', key]))
  return text === undefined ? {} : (JSON.parse(text) as Device)
}

/** The names of browser and operating system, from the tables below only: a page may show them as they are. */
export function namesOf({ userAgent = '' }: Device): {
  readonly browser: string | undefined
  readonly system: string | undefined
} {
  return { browser: nameIn(browsers, userAgent), system: nameIn(systems, userAgent) }
}

function nameIn(table: readonly (readonly [RegExp, string])[], userAgent: string): string | undefined {
  return table.find(([pattern]) => pattern.test(userAgent))?.[1]
}

/** The first that matches: most browsers also name those that they are compatible with. */
const browsers = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
] as const
const systems = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
] as const
