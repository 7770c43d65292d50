import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keptSecret } from '@cloakwright/devrealm/home'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloakwright-secrets-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('keptSecret', () => {
  it('creates the secret once, as one line that only its owner can read', () => {
    expect(keptSecret(folder, 'secret', () => 'first')).toBe('first')
    expect(keptSecret(folder, 'secret', () => 'second')).toBe('first')
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('first\n')
    expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['secret'])
  })

  it('returns the same secret to all concurrent callers', () => {
    const mine = keptSecret(folder, 'secret', () => {
      writeFileSync(join(folder, 'secret'), 'theirs\n')
      return 'mine'
    })
    expect(mine).toBe('theirs')
    expect(readdirSync(folder)).toEqual(['secret'])
  })

  it('creates a missing folder', () => {
    expect(keptSecret(join(folder, 'deep/home'), 'secret', () => 'made')).toBe('made')
  })

  it.each([
    ['no content', ''],
    ['only blanks', ' \n'],
    ['several lines', 'canary-one\ncanary-two\n'],
  ])('rejects a file with %s, naming the file but not its content', (_, text) => {
    writeFileSync(join(folder, 'secret'), text)
    expect(() => keptSecret(folder, 'secret', () => 'new')).toThrow(
      expect.objectContaining({
        code: 'CW_CONFIG_INVALID',
        message: expect.stringMatching(/secret (is empty|has more than one line)$/),
      }),
    )
  })
})
