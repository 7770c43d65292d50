import { type AppProcess, startApp } from './app-process.ts'
import { signTokens, startIssuer } from './issuer.ts'
import { type Load, openLoad } from './load.ts'
import { bound, boundHead, printTable } from './report.ts'
import { endlessly, inTurns, medianOf, medianRatio, oneByOne, type Target } from './turns.ts'

const rounds = 7
const milliseconds = 250
const warmUpMilliseconds = 600
const connectionCounts = [1, 32, 128] as const
/** Connections that send new tokens, and those that send a known one, at the same time. */
const mixes = [
  [16, 8],
  [96, 4],
] as const
/** More than any cache here keeps: when a token comes again, it is new again. */
const distinctTokens = 30_000

/** A route of an application, and the one that it is compared with. */
interface Contender {
  readonly name: string
  readonly app: string
  readonly path: string
  readonly against?: string
}

const onFastify = 'cloakwright (Fastify)'
const onExpress = 'cloakwright (Express)'
const onHono = 'cloakwright (Hono)'
const bareOf = (name: string): string => `${name}: bare crypto.verify and JSON.parse`
const ours: readonly Contender[] = [
  { name: onFastify, app: 'cloakwright-fastify', path: '/guarded' },
  { name: onExpress, app: 'cloakwright-express', path: '/guarded' },
  { name: onHono, app: 'cloakwright-hono', path: '/guarded' },
]
const bare: readonly Contender[] = ours.map(({ name, app }) => ({ name: bareOf(name), app, path: '/bare' }))
const peers: readonly Contender[] = [
  { name: 'jose (Fastify)', app: 'jose', path: '/guarded', against: onFastify },
  { name: 'fast-jwt, no cache (Fastify)', app: 'fast-jwt', path: '/guarded', against: onFastify },
  {
    name: 'express-oauth2-jwt-bearer',
    app: 'express-oauth2-jwt-bearer',
    path: '/guarded',
    against: onExpress,
  },
  { name: 'keycloak-connect (Express)', app: 'keycloak-connect', path: '/guarded', against: onExpress },
]
const nullTest: Contender = { ...(bare[0] as Contender), name: 'the first line again (null test)' }
const contenders: readonly Contender[] = [...bare, ...ours, ...peers, nullTest]

/**
 * A new token with each request over 1, 32 and 128 connections, against a route that verifies the signature on the main
 * thread and does nothing else, and against the peers. Then requests with a known token while others bring new ones:
 * how long they wait.
 */
export async function benchNewTokens(): Promise<boolean> {
  const issuer = await startIssuer()
  const apps = new Map<string, AppProcess>()
  try {
    process.stderr.write(`new-tokens: signing ${distinctTokens} tokens, about ${distinctTokens / 2500} s\n`)
    const [key] = issuer.keys
    if (key === undefined) throw new Error('The issuer has no key')
    const [known = '', ...fresh] = await signTokens(issuer, key, distinctTokens)
    for (const { app } of contenders)
      if (!apps.has(app)) {
        const started = await startApp(app, issuer.issuer)
        apps.set(app, started)
        // One request alone first: keycloak-connect refuses those that come while it reads the keys.
        await withLoad(started, 1, (load) => load.run('/guarded', oneByOne([known]), 1_000))
      }
    const held = [await measureRates(apps, fresh), await measureWaits(apps, fresh, known)]
    return !held.includes(false)
  } finally {
    for (const app of apps.values()) await app.stop()
    await issuer.stop()
  }
}

type Apps = ReadonlyMap<string, AppProcess>

async function measureRates(apps: Apps, fresh: readonly string[]): Promise<boolean> {
  const measured: (readonly (readonly number[])[])[] = []
  for (const connections of connectionCounts) {
    const loads: Load[] = []
    const targets: Target<number>[] = []
    for (const { name, app, path } of contenders) {
      const load = await openLoad(appOf(apps, app).origin, connections)
      loads.push(load)
      const next = endlessly(fresh)
      const measure = async (duration: number): Promise<number> => {
        const { answers, seconds } = await load.run(path, next, duration)
        return answers / seconds
      }
      await measure(warmUpMilliseconds)
      targets.push({ name, measure: () => measure(milliseconds) })
    }
    measured.push(await inTurns(`new-tokens, ${connections} connections`, targets, rounds))
    for (const load of loads) load.close()
  }
  const ratesOf = (name: string, at: number): readonly number[] =>
    measured[at]?.[contenders.findIndex((one) => one.name === name)] ?? []
  const ratio = (name: string, to: string, at: number): number =>
    medianRatio(ratesOf(name, at), ratesOf(to, at))
  /** What each is a multiple of: the bare route of its own framework. */
  const baseOf = ({ name, against }: Contender): string =>
    name === nullTest.name || bare.some((one) => one.name === name)
      ? (bare.find((one) => one.name === name)?.name ?? bareOf(onFastify))
      : bareOf(against ?? name)
  printTable(
    `A new token with each request, requests/s and the ratio to the bare route (medians of ${rounds} rounds of ${milliseconds} ms)`,
    [
      [
        '',
        ...connectionCounts.flatMap((count) => [
          count === 1 ? '1 connection' : `${count} connections`,
          'ratio',
        ]),
      ],
      ...contenders.map((contender) => [
        contender.name,
        ...connectionCounts.flatMap((_, at) => [
          medianOf(ratesOf(contender.name, at)).toFixed(0),
          ratio(contender.name, baseOf(contender), at).toFixed(3),
        ]),
      ]),
    ],
  )
  const at32 = connectionCounts.indexOf(32)
  return printTable('Limits, at 32 connections', [
    boundHead,
    ...peers.map(({ name, against = '' }) =>
      bound(`${against} ÷ ${name}`, ratio(against, name, at32), 'at least', 1, 2),
    ),
  ])
}

/** Where the new tokens go: verified as they come on the main thread, the guard's way, and the first once more. */
const ways = [
  ['on the main thread (/bare)', '/bare'],
  ['guarded', '/guarded'],
  ['on the main thread again (null test)', '/bare'],
] as const

async function measureWaits(apps: Apps, fresh: readonly string[], known: string): Promise<boolean> {
  const rows: string[][] = []
  const bounds: string[][] = []
  for (const [news, others] of mixes) {
    for (const { name, app } of ours) {
      const cold = await openLoad(appOf(apps, app).origin, news)
      const warm = await openLoad(appOf(apps, app).origin, others)
      const next = endlessly(fresh)
      const targets = ways.map(
        ([way, path]): Target<Mixed> => ({
          name: way,
          async measure() {
            const [ofNew, ofKnown] = await Promise.all([
              cold.run(path, next, milliseconds),
              warm.run('/guarded', () => known, milliseconds),
            ])
            return { p50: ofKnown.p50, perSecond: ofNew.answers / ofNew.seconds }
          },
        }),
      )
      for (const target of targets) await target.measure()
      const mixed = await inTurns(`new-tokens, ${news} + ${others}, ${name}`, targets, rounds)
      cold.close()
      warm.close()
      const waits = mixed.map((list) => list.map(({ p50 }) => p50))
      const rates = mixed.map((list) => list.map(({ perSecond }) => perSecond))
      rows.push(
        ...ways.map(([way], at) => [
          `${name}, ${news} new + ${others} known; the new ones ${way}`,
          medianOf(waits[at]).toFixed(2),
          medianRatio(waits[at], waits[0]).toFixed(3),
          medianOf(rates[at]).toFixed(0),
          medianRatio(rates[at], rates[0]).toFixed(3),
        ]),
      )
      if (news === 16)
        bounds.push(
          bound(
            `${name}: p50 of known tokens ÷ on the main thread`,
            medianRatio(waits[1], waits[0]),
            'at most',
            0.5,
            3,
          ),
        )
    }
  }
  printTable('Requests with a known token while others bring new ones', [
    ['', 'p50 of the known, ms', 'ratio', 'new tokens/s', 'ratio'],
    ...rows,
  ])
  return printTable('Limits, with 16 new tokens in flight', [boundHead, ...bounds])
}

interface Mixed {
  readonly p50: number
  readonly perSecond: number
}

async function withLoad(
  app: AppProcess,
  connections: number,
  use: (load: Load) => Promise<unknown>,
): Promise<void> {
  const load = await openLoad(app.origin, connections)
  try {
    await use(load)
  } finally {
    load.close()
  }
}

function appOf(apps: Apps, name: string): AppProcess {
  const app = apps.get(name)
  if (app === undefined) throw new Error(`${name} is not started`)
  return app
}
