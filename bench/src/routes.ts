import { startApp } from './app-process.ts'
import { type Issuer, signTokens, startIssuer } from './issuer.ts'
import { openLoad } from './load.ts'
import { bound, boundHead, printTable } from './report.ts'
import { inTurns, medianOf, medianRatio, oneByOne, type Target } from './turns.ts'

/**
 * Each framework with its limits. Cold: 1.3 times the ratio that verification on the main thread alone had, on two cores.
 */
const frameworks = [
  { framework: 'fastify', warmLimit: 0.96, coldLimit: 1.17 },
  { framework: 'express', warmLimit: 0.96, coldLimit: 1.19 },
  { framework: 'hono', warmLimit: 0.94, coldLimit: 1.09 },
] as const
/** JIT compilation differs by a few per cent between processes. */
const processes = 5
/** In each process. */
const warm = { rounds: 7, slice: 300 }
const cold = { rounds: 7, slice: 200 }
/** As many as the fastest machine needs in the rounds of one process; a slice ends when none are left. */
const coldTokens = 30_000

/**
 * The cost of a guard in Fastify, Express and Hono, each against its own baseline in one process, with the same requests: with
 * a token that is known (warm) against an open route whose guard does nothing, and with a new token each time (cold) against a
 * route that does nothing but verify the signature and parse the payload, on the main thread.
 */
export async function benchRoutes(): Promise<boolean> {
  const issuer = await startIssuer()
  try {
    process.stderr.write(`routes: signing ${coldTokens} tokens, about ${coldTokens / 2500} s\n`)
    const [key] = issuer.keys
    if (key === undefined) throw new Error('The issuer has no key')
    const tokens = await signTokens(issuer, key, coldTokens)
    const [first = '', ...fresh] = tokens
    const rows: string[][] = []
    const bounds: string[][] = []
    for (const { framework, warmLimit, coldLimit } of frameworks) {
      const result = await measure(issuer, framework, first, fresh)
      rows.push(...result.rows)
      bounds.push(
        bound(`${framework}, warm: guarded ÷ null`, result.warm, 'at least', warmLimit, 3),
        bound(`${framework}, cold: guarded ÷ null`, result.cold, 'at least', coldLimit, 3),
      )
    }
    printTable(
      `Guarded routes (medians of ${processes} processes with ${warm.rounds} rounds of ${warm.slice} ms each; cold: ${cold.rounds} of ${cold.slice} ms; 32 connections; same request for all)`,
      [['', 'requests/s', 'ratio', 'CPU µs', 'ratio of CPU time'], ...rows],
    )
    return printTable('Limits', [boundHead, ...bounds])
  } finally {
    await issuer.stop()
  }
}

interface Result {
  readonly rows: string[][]
  readonly warm: number
  readonly cold: number
}

/** The measurements of one slice. */
interface Slice {
  readonly perSecond: number
  /** CPU time of the server per request in microseconds, including garbage collection on other threads. */
  readonly processor: number
}

type Slices = readonly (readonly Slice[])[]

async function measure(
  issuer: Issuer,
  framework: string,
  token: string,
  fresh: readonly string[],
): Promise<Result> {
  let warmSlices: Slices = []
  let coldSlices: Slices = []
  for (let number = 1; number <= processes; number++) {
    const title = `${framework}, process ${number} of ${processes}`
    const once = await measureProcess(issuer, framework, title, token, fresh)
    warmSlices = once.warm.map((slices, target) => [...(warmSlices[target] ?? []), ...slices])
    coldSlices = once.cold.map((slices, target) => [...(coldSlices[target] ?? []), ...slices])
  }
  const named = (name: string): string => `${framework} ${name}`
  return {
    rows: [
      ...rowsOf(
        warmRoutes.map(({ name }) => named(name)),
        warmSlices,
      ),
      ...rowsOf(
        coldRoutes.map(({ name }) => named(name)),
        coldSlices,
      ),
    ],
    warm: againstNull(warmSlices.map(ratesOf)),
    cold: againstNull(coldSlices.map(ratesOf)),
  }
}

interface Route {
  readonly name: string
  readonly path: string
}

/** The null test is another application identical to the baseline, because the guarded one is also another application. */
const warmRoutes: readonly Route[] = [
  { name: '/open', path: '/open' },
  { name: '/guarded', path: '/guarded' },
  { name: '/open in another application (null test)', path: '/open-again' },
  { name: '/plain, no guard in the application', path: '/plain' },
]
const coldRoutes: readonly Route[] = [
  { name: '/bare', path: '/bare' },
  { name: '/guarded, new tokens', path: '/guarded' },
  { name: '/bare in another application (null test)', path: '/bare-again' },
]

async function measureProcess(
  { issuer }: Issuer,
  framework: string,
  title: string,
  token: string,
  fresh: readonly string[],
): Promise<{ readonly warm: Slices; readonly cold: Slices }> {
  const app = await startApp(`cloakwright-${framework}`, issuer)
  const load = await openLoad(app.origin)
  try {
    const target = ({ name, path }: Route, next: () => string | undefined, slice: number): Target<Slice> => ({
      name,
      async measure() {
        const before = await app.processorTime()
        const { answers, seconds } = await load.run(path, next, slice)
        const used = (await app.processorTime()) - before
        return { perSecond: answers === 0 ? Number.NaN : answers / seconds, processor: used / answers }
      },
    })
    const warmTargets = warmRoutes.map((route) => target(route, () => token, warm.slice))
    await inTurns(`${title}, warm-up`, warmTargets, 4)
    const warmSlices = await inTurns(`${title}, warm`, warmTargets, warm.rounds)
    // Bare verification has no cache: tokens of another route are new to it.
    const coldTargets = coldRoutes.map((route) => target(route, oneByOne(fresh), cold.slice))
    await inTurns(`${title}, warm-up`, coldTargets, 4)
    return { warm: warmSlices, cold: await inTurns(`${title}, cold`, coldTargets, cold.rounds) }
  } finally {
    load.close()
    await app.stop()
  }
}

function rowsOf(names: readonly string[], slices: Slices): string[][] {
  const rates = slices.map(ratesOf)
  const times = slices.map((list) => list.map(({ processor }) => processor))
  return names.map((name, index) => [
    name,
    medianOf(rates[index]).toFixed(0),
    medianRatio(rates[index], rates[0]).toFixed(3),
    medianOf(times[index]).toFixed(2),
    medianRatio(times[0], times[index]).toFixed(3),
  ])
}

function ratesOf(slices: readonly Slice[]): number[] {
  return slices.map(({ perSecond }) => perSecond)
}

/** The guarded route's median ratio to the baseline, divided by that of the baseline to itself. */
function againstNull([base, guarded, again]: readonly (readonly number[])[]): number {
  return medianRatio(guarded, base) / medianRatio(again, base)
}
