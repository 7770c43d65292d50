import autocannon from 'autocannon'
import { bound, boundHead, median, printTable } from './report.ts'
import { startServerProcess } from './server-process.ts'

const rounds = 11
const secondsEach = 3
const connections = 32

/**
 * The cost of protection: `/secure-data` with one token against `/public`, which does the same work unprotected. Both get the
 * same request with the token, so the cost of the header in the client and Node's parser is excluded. Each round measures
 * `/public`, `/secure-data` and `/public` again (the null test), rotating the order by one each round, so that drift of the
 * machine affects all three equally.
 */
export async function benchProtectedRoute(): Promise<boolean> {
  const server = await startServerProcess()
  try {
    const atRest = await server.residentMegabytes()
    const authorization = `Bearer ${await server.accessToken()}`
    const targets = [
      { name: '/public', url: `${server.origin}/public`, headers: { authorization } },
      { name: '/secure-data', url: `${server.origin}/secure-data`, headers: { authorization } },
      { name: '/public again', url: `${server.origin}/public`, headers: { authorization } },
    ]
    for (const target of targets) await requestsPerSecond(target.url, target.headers)

    const protectedRatios: number[] = []
    const nullRatios: number[] = []
    const rates: number[][] = [[], [], []]
    for (let round = 0; round < rounds; round++) {
      const measured: number[] = []
      for (let turn = 0; turn < targets.length; turn++) {
        const index = (round + turn) % targets.length
        const target = targets[index]
        if (target === undefined) continue
        measured[index] = await requestsPerSecond(target.url, target.headers)
      }
      const [open = 0, secured = 0, again = 0] = measured
      rates.forEach((list, index) => list.push(measured[index] ?? 0))
      protectedRatios.push(secured / open)
      nullRatios.push(again / open)
      const left = (rounds - round - 1) * targets.length * secondsEach
      process.stderr.write(`round ${round + 1} of ${rounds}, about ${left} s left\n`)
    }

    const verdict = median(protectedRatios) / median(nullRatios)
    printTable(
      `A protected route (Fastify, ${rounds} rounds of ${secondsEach} s, ${connections} connections)`,
      [
        ['', 'median requests/s', 'median ratio to /public'],
        ['/public', Math.round(median(rates[0] ?? [])).toString(), '1'],
        ['/secure-data', Math.round(median(rates[1] ?? [])).toString(), median(protectedRatios).toFixed(3)],
        [
          '/public again (null test)',
          Math.round(median(rates[2] ?? [])).toString(),
          median(nullRatios).toFixed(3),
        ],
      ],
    )
    const afterLoad = await server.residentMegabytes()
    return printTable('Limits', [
      boundHead,
      bound('protected ratio ÷ null ratio', verdict, 'at least', 0.95, 3),
      bound('time from command to ready, s', server.readyAfter / 1000, 'at most', 5, 2),
      ...(atRest === undefined ? [] : [bound('resident at rest, MB', atRest, 'at most', 450, 0)]),
      ...(afterLoad === undefined
        ? []
        : [bound('resident after the load, MB', afterLoad, 'at most', 550, 0)]),
    ])
  } finally {
    await server.stop()
  }
}

/** Mean requests per second over one run; a response other than 200 makes the run invalid. */
async function requestsPerSecond(url: string, headers: Record<string, string>): Promise<number> {
  const result = await autocannon({ url, headers, connections, duration: secondsEach })
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(
      `${url}: ${result.non2xx} responses other than 2xx and ${result.errors} errors; measurement discarded`,
    )
  }
  return result['2xx'] / result.duration
}
