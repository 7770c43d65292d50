import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const requests = 5_000
const script = fileURLToPath(new URL('../fuzz-devrealm.mjs', import.meta.url))

/** The scripts are JavaScript: a test declares the types of what it imports. */
async function load<T>(module: string): Promise<T> {
  return (await import(new URL(`../fuzz/${module}`, import.meta.url).href)) as T
}
const { faultOf } = await load<{
  faultOf: (request: object, outcome: object, busy: number | undefined) => string | undefined
}>('judge.mjs')
const { Random } = await load<{ Random: new (...seeds: number[]) => { below(end: number): number } }>(
  'random.mjs',
)
const { routesIn } = await load<{ routesIn: (tree: string) => { method: string; path: string }[] }>(
  'routes.mjs',
)
const { differences } = await load<{
  differences: (before: Map<string, string>, after: Map<string, string>) => object[]
}>('stored.mjs')

describe('the embedded realm', () => {
  it(`handles ${requests} generated requests without a 500 or a hang, and keeps its data`, () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      // The realm's process inherits the flag, which saves most of the compilation of the database.
      ['--liftoff-only', script, '--seed', '1', '--requests', String(requests)],
      {
        encoding: 'utf8',
      },
    )

    expect(`${stdout}exit code ${status}`).toMatch(
      new RegExp(`\\n${requests} requests in \\d+ s \\(\\d+/s\\), failures: 0\\nexit code 0$`),
    )
  }, 240_000)
})

describe('failure detection', () => {
  const request = { method: 'POST', path: '/admin/realms/a/partialImport?x=1', route: '', headers: {} }
  const fine = { status: 200, milliseconds: 5, headers: {}, body: '' }

  it.each<[string, object, number | undefined, string | undefined]>([
    ['an answer', {}, undefined, undefined],
    ['a refusal', { status: 400 }, undefined, undefined],
    ['a 500', { status: 500, body: '{"error":"other"}' }, undefined, 'status 500'],
    [
      'a 500 that Keycloak also returns',
      { status: 500, body: '{"error":"unknown_error"}' },
      undefined,
      undefined,
    ],
    ['a 503', { status: 503, body: '{"error":"unknown_error"}' }, undefined, 'status 503'],
    ['no response', { status: 0, problem: 'no response in 10000 ms' }, undefined, 'no response in 10000 ms'],
    ['more than 2 s', { milliseconds: 2_001 }, undefined, 'took 2001 ms'],
    ['more than 2 s of work', { milliseconds: 2_001 }, 2_000, 'took 2001 ms'],
    ['more than 2 s without a processor', { milliseconds: 2_001 }, 300, undefined],
    ['6 s without a processor', { milliseconds: 6_001 }, 300, 'took 6001 ms'],
    [
      'malformed JSON',
      { headers: { 'content-type': 'application/json' }, body: '{' },
      undefined,
      'a body that is not JSON',
    ],
  ])('%s', (_, outcome, busy, problem) => {
    expect(faultOf(request, { ...fine, ...outcome }, busy)).toBe(problem)
  })

  it('another response after a restart', () => {
    const before = new Map([
      ['/a', '200 {}'],
      ['/b', '200 {}'],
    ])
    expect(
      differences(
        before,
        new Map([
          ['/a', '200 {}'],
          ['/b', '404 {}'],
        ]),
      ),
    ).toEqual([{ path: '/b', before: '200 {}', after: '404 {}' }])
  })
})

describe('generated requests', () => {
  it('depend only on seed and index', () => {
    const numbers = (...seeds: number[]): number[] => {
      const random = new Random(...seeds)
      return Array.from({ length: 5 }, () => random.below(1_000_000))
    }

    expect(numbers(1, 7)).toEqual(numbers(1, 7))
    expect(numbers(1, 7)).not.toEqual(numbers(1, 8))
    expect(numbers(1, 7)).not.toEqual(numbers(2, 7))
  })

  it('cover every route of the realm', () => {
    const tree = `└── / (GET, HEAD)
    ├── realms/:realm (GET)
    │   └── /token (POST)
    └── admin/realms (GET)
        └── /:realm (PUT)
`

    expect(routesIn(tree).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /',
      'HEAD /',
      'GET /realms/:realm',
      'POST /realms/:realm/token',
      'GET /admin/realms',
      'PUT /admin/realms/:realm',
    ])
  })
})
