/**
 * Gives whoever makes an RSA key of 2048 bits one of the keys that scripts/lib/test-keys.mjs made: the next one each
 * time, the first again after the last. Other keys, and those of child processes, are made as ever.
 */
import crypto, { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'
import { testKeysFile } from './lib/test-keys.mjs'

type Encoding = Parameters<KeyObject['export']>[0]
type Options = { modulusLength?: number; publicKeyEncoding?: Encoding; privateKeyEncoding?: Encoding }
type Pair = { publicKey: unknown; privateKey: unknown }
type Done = (error: Error | null, publicKey?: unknown, privateKey?: unknown) => void

const known = ['modulusLength', 'publicKeyEncoding', 'privateKeyEncoding']
const real = crypto.generateKeyPairSync as (type: string, options: Options) => Pair
const realLater = crypto.generateKeyPair as unknown as (type: string, options: Options, done: Done) => void

let keys: KeyObject[] | undefined
let next = 0

function fromPool(type: string, options: Options): Pair | undefined {
  const isPlain = type === 'rsa' && options.modulusLength === 2048
  if (!isPlain || !Object.keys(options).every((name) => known.includes(name))) return undefined
  keys ??= (JSON.parse(readFileSync(testKeysFile, 'utf8')) as string[]).map((pem) => createPrivateKey(pem))
  const privateKey = keys[next++ % keys.length] as KeyObject
  const publicKey = createPublicKey(privateKey)
  const { publicKeyEncoding: forPublic, privateKeyEncoding: forPrivate } = options
  return {
    publicKey: forPublic === undefined ? publicKey : publicKey.export(forPublic),
    privateKey: forPrivate === undefined ? privateKey : privateKey.export(forPrivate),
  }
}

function later(type: string, options: Options, done: Done): void {
  const pair = fromPool(type, options)
  if (pair === undefined) realLater(type, options, done)
  else setImmediate(done, null, pair.publicKey, pair.privateKey)
}

// A worker runs this file before each of its test files.
const installed = Symbol.for('cloakwright.test-rsa-keys')
if (!(installed in crypto)) {
  const promised = (type: string, options: Options): Promise<Pair> =>
    new Promise((resolve, reject) => {
      later(type, options, (error, publicKey, privateKey) =>
        error === null ? resolve({ publicKey, privateKey }) : reject(error),
      )
    })
  Object.assign(crypto, {
    [installed]: true,
    generateKeyPairSync: (type: string, options: Options = {}) =>
      fromPool(type, options) ?? real(type, options),
    generateKeyPair: Object.assign(later, { [promisify.custom]: promised }),
  })
  syncBuiltinESMExports()
}
