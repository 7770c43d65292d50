import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminTarget, openAdmin } from './support.ts'

let target: AdminTarget
beforeAll(async () => {
  target = await openAdmin()
})
afterAll(() => target.close())

/**
 * Matching a pattern blocks all other requests. All of these take milliseconds; with backtracking they would take minutes or
 * years, so ten seconds tell the two apart on any machine.
 */
async function bounded<T>(work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const result = await work()
  expect(performance.now() - begun).toBeLessThan(10_000)
  return result
}

const person = { email: 'p@example.org', firstName: 'a'.repeat(200), lastName: 'b', enabled: true }

describe('wildcards', () => {
  it('find users fast, with any number of stars', async () => {
    const user = { ...person, username: 'a'.repeat(200) }
    expect((await target.send('POST', '/demo/users', user)).status).toBe(201)
    for (const [search, found] of [
      [`${'*a'.repeat(40)}*c`, 0],
      [`"${'*a'.repeat(40)}*c"`, 0],
      [`${'*a'.repeat(200)}`, 1],
      [`${'*a'.repeat(201)}`, 0],
    ] as const) {
      const path = `/demo/users?search=${encodeURIComponent(search)}`
      const { text } = await bounded(() => target.send('GET', path))
      expect(JSON.parse(text)).toHaveLength(found)
    }
  })

  it.each([
    ['users', `q=${'a'.repeat(8000)}`],
    ['users', `q=${'"'.repeat(4000)}`],
    ['groups', `search=${'*a'.repeat(4000)}`],
    ['roles', `search=${'*a'.repeat(4000)}`],
    ['clients', `search=true&clientId=${'*a'.repeat(4000)}`],
    ['admin-events', `resourcePath=${'*a'.repeat(4000)}*b`],
  ])('and are fast on long strings: %s', async (path, query) => {
    expect((await bounded(() => target.send('GET', `/demo/${path}?${query}`))).status).toBe(200)
  })
})

describe('an administrator’s regular expressions', () => {
  const slow = '(a+)+'
  const names = ['username', 'email', 'firstName', 'lastName'].map((name) => ({ name }))
  const profile = (pattern: unknown) => ({
    attributes: [...names, { name: 'code', multivalued: true, validations: { pattern: { pattern } } }],
  })

  it('that take too long on a profile value do not match it', async () => {
    expect((await target.send('PUT', '/demo/users/profile', profile(slow))).status).toBe(200)
    const user = (code: string[]) => ({
      ...person,
      email: `${code.length}@e.org`,
      username: 'coded',
      attributes: { code },
    })
    const values = Array.from({ length: 100 }, () => `${'a'.repeat(40)}!`)
    const refused = await bounded(() => target.send('POST', '/demo/users', user(values)))
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('error-pattern-no-match')
    expect(await target.send('POST', '/demo/users', user(['aaaa']))).toMatchObject({ status: 201 })
  })

  it.each([
    ['(?i)abc', 'ABC', true],
    ['(?i)abc', 'abd', false],
    ['(?is)a.c', 'A\nC', true],
    ['a++b', 'aab', true],
    ['[*+]++', '+*', true],
    ['\\++', '++', true],
    ['(?>a|ab)c', 'ac', true],
    ['a{1,2}+b', 'aab', true],
    ['(?m)abc', 'abc\nd', false],
    ['a}+', 'a}}', true],
  ])('may have Java-only syntax: %s of %j: %s', async (pattern, text, matches) => {
    expect((await target.send('PUT', '/demo/users/profile', profile(pattern))).status).toBe(200)
    const username = `java-${Buffer.from(pattern + text).toString('hex')}`
    const user = { ...person, email: `${username}@e.org`, username, attributes: { code: [text] } }
    expect((await target.send('POST', '/demo/users', user)).status).toBe(matches ? 201 : 400)
  })

  it('that are invalid are rejected on save', async () => {
    for (const pattern of ['[', '(', '*a', 'a+++', '['.repeat(500_000)]) {
      const refused = await bounded(() => target.send('PUT', '/demo/users/profile', profile(pattern)))
      expect(refused.status).toBe(400)
    }
  })

  it('that take too long on a password do not match it', async () => {
    expect((await target.send('PUT', '/demo', { passwordPolicy: `regexPattern(${slow})` })).status).toBe(204)
    const set = (value: string) => ({
      ...person,
      email: 'pw@e.org',
      username: 'pw',
      credentials: [{ type: 'password', value }],
    })
    const refused = await bounded(() => target.send('POST', '/demo/users', set(`${'a'.repeat(40)}!`)))
    expect(refused.text).toBe(
      '{"error":"invalidPasswordRegexPatternMessage","error_description":"Invalid password: fails to match regex pattern(s)."}',
    )
    expect((await target.send('POST', '/demo/users', set('aaaa'))).status).toBe(201)
  })

  it('and long policies are parsed fast', async () => {
    const policy = `length(8)${' '.repeat(1_000_000)}x`
    const refused = await bounded(() => target.send('PUT', '/demo', { passwordPolicy: policy }))
    expect(refused.status).toBe(400)
    const uri = '${'.repeat(500_000)
    const client = { clientId: 'odd', redirectUris: [uri] }
    expect((await bounded(() => target.send('POST', '/demo/clients', client))).status).toBe(400)
  })
})
