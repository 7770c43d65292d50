import { startApp } from './app-process.ts'
import { type Issuer, signTokens, startIssuer } from './issuer.ts'
import { openLoad } from './load.ts'
import { bound, boundHead, printTable } from './report.ts'
import { inTurns, medianOf, medianRatio, oneByOne, type Target } from './turns.ts'

const frameworks = ['fastify', 'express', 'hono'] as const
const warm = { rounds: 31, slice: 300 }
const cold = { rounds: 21, slice: 200 }
/** As many as the fastest machine uses up in the rounds; a slice ends when none is left. */
const coldTokens = 60_000

/**
 * What a guard costs in Fastify, Express and Hono, each against its own baseline in one process, by the same requests:
 * with a token that is known (warm) against an open route whose guard does nothing, and with a new token each time (cold) against a route that
 * does nothing but verify the signature and parse the payload.
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
    for (const framework of frameworks) {
      const result = await measure(issuer, framework, first, fresh)
      rows.push(...result.rows)
      bounds.push(
        bound(`${framework}, warm: guarded ÷ null`, result.warm, 'at least', 0.97, 3),
        bound(`${framework}, cold: guarded ÷ null`, result.cold, 'at least', 0.95, 3),
      )
    }
    printTable(
      `Guarded routes (medians; warm: ${warm.rounds} rounds of ${warm.slice} ms; cold: ${cold.rounds} of ${cold.slice} ms; 32 connections; the same request to each)`,
      [['', 'requests/s', 'ratio', 'processor µs', 'ratio by processor'], ...rows],
    )
    return printTable('Must hold', [boundHead, ...bounds])
  } finally {
    await issuer.stop()
  }
}

interface Result {
  readonly rows: string[][]
  readonly warm: number
  readonly cold: number
}

/** What one slice measured. */
interface Slice {
  readonly perSecond: number
  /** Microseconds of the server's processor time for one request, garbage collection on other threads included. */
  readonly processor: number
}

async function measure(
  { issuer }: Issuer,
  framework: string,
  token: string,
  fresh: readonly string[],
): Promise<Result> {
  const app = await startApp(`cloakwright-${framework}`, issuer)
  const load = await openLoad(app.origin)
  try {
    const target = (
      name: string,
      path: string,
      next: () => string | undefined,
      milliseconds: number,
    ): Target<Slice> => ({
      name: `${framework} ${name}`,
      async measure() {
        const before = await app.processorTime()
        const { answers, seconds } = await load.run(path, next, milliseconds)
        const used = (await app.processorTime()) - before
        return { perSecond: answers === 0 ? Number.NaN : answers / seconds, processor: used / answers }
      },
    })
    const known = (): string => token
    const warmTargets = [
      target('/open', '/open', known, warm.slice),
      target('/guarded', '/guarded', known, warm.slice),
      target('/open again (null test)', '/open', known, warm.slice),
      target('/plain, without any guard', '/plain', known, warm.slice),
    ]
    await inTurns(`${framework}, warm-up`, warmTargets, 6)
    const warmSlices = await inTurns(`${framework}, warm`, warmTargets, warm.rounds)

    // Bare verification remembers nothing: tokens that another route has seen are new to it.
    const coldTargets = [
      target('/bare', '/bare', oneByOne(fresh), cold.slice),
      target('/guarded, new tokens', '/guarded', oneByOne(fresh), cold.slice),
      target('/bare again (null test)', '/bare', oneByOne(fresh), cold.slice),
    ]
    await inTurns(`${framework}, warm-up`, coldTargets, 4)
    const coldSlices = await inTurns(`${framework}, cold`, coldTargets, cold.rounds)
    return {
      rows: [...rowsOf(warmTargets, warmSlices), ...rowsOf(coldTargets, coldSlices)],
      warm: againstNull(warmSlices.map(ratesOf)),
      cold: againstNull(coldSlices.map(ratesOf)),
    }
  } finally {
    load.close()
    await app.stop()
  }
}

function rowsOf(
  targets: readonly { readonly name: string }[],
  slices: readonly (readonly Slice[])[],
): string[][] {
  const rates = slices.map(ratesOf)
  const times = slices.map((list) => list.map(({ processor }) => processor))
  return targets.map(({ name }, index) => [
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
