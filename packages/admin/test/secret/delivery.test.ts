import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkDelivery, deliver } from '../../src/secret/delivery.ts'
import { caught, everything } from '../support/caught.ts'

let folder: string
const secret = 'canary-of-a-secret'
const isRoot = process.getuid?.() === 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloakwright-delivery-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const path = (name: string) => join(folder, name)
const modeOf = (name: string) => (statSync(path(name)).mode & 0o777).toString(8)
const node = (script: string) => [process.execPath, '-e', script] as const

describe('a file', () => {
  test('is made for its owner only, and nothing is left next to it', async () => {
    await deliver({ file: path('new') }, secret, undefined)

    expect(readFileSync(path('new'), 'utf8')).toBe(`${secret}\n`)
    expect(modeOf('new')).toBe('600')
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })

  test('keeps what its owner and group may do, and nothing for others', async () => {
    writeFileSync(path('shared'), 'old')
    chmodSync(path('shared'), 0o644)
    await deliver({ file: path('shared') }, secret, undefined)
    expect(modeOf('shared')).toBe('640')
  })

  test('that only its owner may read is replaced, and stays so', async () => {
    writeFileSync(path('read-only'), 'old', { mode: 0o400 })
    await deliver({ file: path('read-only') }, secret, undefined)
    expect(readFileSync(path('read-only'), 'utf8')).toBe(`${secret}\n`)
    expect(modeOf('read-only')).toBe('400')
  })

  test.skipIf(!isRoot)('keeps its owner and group', async () => {
    writeFileSync(path('owned'), 'old', { mode: 0o640 })
    chownSync(path('owned'), 12_345, 54_321)
    await deliver({ file: path('owned') }, secret, undefined)
    expect(statSync(path('owned'))).toMatchObject({ uid: 12_345, gid: 54_321 })
    expect(modeOf('owned')).toBe('640')
  })

  test('behind a link is replaced, and the link stays', async () => {
    mkdirSync(path('data'))
    writeFileSync(path('data/secret'), 'old')
    symlinkSync(path('data/secret'), path('link'))
    await deliver({ file: path('link') }, secret, undefined)
    expect(readFileSync(path('data/secret'), 'utf8')).toBe(`${secret}\n`)
  })

  test('is never visible half-written', async () => {
    await deliver({ file: path('busy') }, 'a'.repeat(100_000), undefined)
    const seen = new Set<number>()
    const writing = Promise.all(
      ['b', 'c', 'd'].map((letter) => deliver({ file: path('busy') }, letter.repeat(100_000), undefined)),
    )
    for (let turn = 0; turn < 200; turn += 1) seen.add(readFileSync(path('busy'), 'utf8').length)
    await writing
    expect([...seen]).toEqual([100_001])
  })

  test('that is not writable is found before the secret changes, and the check changes nothing', async () => {
    await checkDelivery({ file: path('checked') }, secret)
    expect(readdirSync(folder)).not.toContain('checked')

    const error = await caught(checkDelivery({ file: path('no-folder/secret') }, secret))
    expect(error.code).toBe('CW_CONFIG_INVALID')
    expect(error.message).toContain('ENOENT')
  })
})

describe('an environment file', () => {
  test('has one line changed, and keeps its mode', async () => {
    writeFileSync(path('env'), 'PORT=8000\nKEYCLOAK_CLIENT_SECRET=old\n', { mode: 0o600 })
    const delivery = { environmentFile: path('env'), variable: 'KEYCLOAK_CLIENT_SECRET' }
    await checkDelivery(delivery, secret)
    await deliver(delivery, secret, undefined)
    expect(readFileSync(path('env'), 'utf8')).toBe(`PORT=8000\nKEYCLOAK_CLIENT_SECRET=${secret}\n`)
    expect(modeOf('env')).toBe('600')
  })

  test('that sets the variable twice is refused before the secret changes', async () => {
    writeFileSync(path('twice'), 'A=1\nA=2\n')
    const error = await caught(checkDelivery({ environmentFile: path('twice'), variable: 'A' }, secret))
    expect(error.code).toBe('CW_CONFIG_INVALID')
  })
})

describe('a command', () => {
  test('gets the secret on its standard input, and nowhere else', async () => {
    const script = `
      const chunks = []
      process.stdin.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
        const elsewhere = JSON.stringify([process.argv, process.env]).includes(Buffer.concat(chunks))
        require('node:fs').writeFileSync(${JSON.stringify(path('taken'))}, Buffer.concat(chunks) + ' ' + elsewhere)
      })`
    await deliver({ command: node(script) }, secret, undefined)
    expect(readFileSync(path('taken'), 'utf8')).toBe(`${secret} false`)
  })

  test.each([
    [
      'fails',
      node(
        'process.stdin.on("data", (given) => console.error(String(given))).on("end", () => process.exit(3))',
      ),
      'exit code 3',
    ],
    ['is not there', ['no-such-program-anywhere'] as const, 'ENOENT'],
  ])('that %s is an error without the secret', async (_, command, why) => {
    const error = await caught(deliver({ command }, secret, undefined))
    expect(error.code).toBe('CW_CONFIG_INVALID')
    expect(error.message).toContain(why)
    expect(everything(error)).not.toContain(secret)
  })

  test('need not read its input', async () => {
    await deliver({ command: node('process.exit(0)') }, 'x'.repeat(1_000_000), undefined)
  })
})

describe('a function', () => {
  test('that throws the secret does not get it into the error', async () => {
    const error = await caught(
      deliver(
        (given) => {
          throw new Error(given)
        },
        secret,
        undefined,
      ),
    )
    expect(error.code).toBe('CW_CONFIG_INVALID')
    expect(everything(error)).not.toContain(secret)
  })
})
