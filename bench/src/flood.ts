import { verify } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createVerifier } from 'cloakwright'
import { type BenchRealm, createBenchRealm } from './realm.ts'
import { bound, boundHead, printTable } from './report.ts'

const count = 100_000
const megabyte = 2 ** 20

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/**
 * 100,000 distinct valid tokens, then 100,000 garbage ones, one per turn of the event loop, like requests to a server: measures
 * the memory that is kept and the event-loop delay.
 */
export async function benchFlood(): Promise<boolean> {
  process.stderr.write(`flood: signing ${count} tokens\n`)
  const realm = createBenchRealm('ES256')
  const { issuer, audience, fetch } = realm
  const tokenAt = signAll(realm)
  const verifier = createVerifier({ issuer, audience, fetch })
  await verifier.ready()
  await verifier.verify(tokenAt(0))

  const nothing = await flood(() => verifyNothing(realm))
  const atRest = memory()
  const valid = await flood((at) => verifier.verify(tokenAt(at)))
  const garbage = await flood((at) => verifier.verify(garbageOf(tokenAt(at), at)))
  const phases = [
    { name: `${count} bare crypto.verify (null test)`, ...nothing, ...atRest },
    { name: `${count} valid`, ...valid },
    { name: `${count} garbage`, ...garbage },
  ]
  printTable('Flood of tokens, each sent once (ES256, one per turn of the event loop)', [
    ['', 'refused', 'event-loop delay p50, ms', 'p99, ms', 'most, ms', 'heap kept, MiB', 'resident, MiB'],
    ...phases.map(({ name, refused, delay, heap, resident }) => [
      name,
      String(refused),
      ...delay.map((milliseconds) => milliseconds.toFixed(1)),
      heap.toFixed(1),
      resident.toFixed(0),
    ]),
  ])
  return printTable('Limits', [
    boundHead,
    bound('valid tokens refused', valid.refused, 'at most', 0, 0),
    bound('garbage tokens refused', garbage.refused, 'at least', count, 0),
    bound('event-loop delay p99 with valid tokens, ms', valid.delay[1], 'at most', 20, 1),
    bound('event-loop delay p99 with garbage tokens, ms', garbage.delay[1], 'at most', 20, 1),
    bound('heap kept after valid tokens (cache limit: 32), MiB', valid.heap - atRest.heap, 'at most', 40, 1),
    bound('heap kept after garbage tokens, MiB', garbage.heap - valid.heap, 'at most', 2, 1),
  ])
}

interface Flooded {
  readonly refused: number
  /** Median, 99th percentile and maximum, in milliseconds. */
  readonly delay: readonly [number, number, number]
  readonly heap: number
  readonly resident: number
}

async function flood(work: (at: number) => unknown): Promise<Flooded> {
  let refused = 0
  const waiting = new Set<Promise<void>>()
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  for (let at = 0; at < count; at++) {
    await new Promise((resolve) => setImmediate(resolve))
    // Not awaited one by one: tokens with unknown keys wait for the next key fetch, as requests would.
    const answer = settle(() => work(at)).then((accepted) => {
      if (!accepted) refused++
      waiting.delete(answer)
    })
    waiting.add(answer)
  }
  await Promise.all(waiting)
  histogram.disable()
  const [median, high, most] = [histogram.percentile(50), histogram.percentile(99), histogram.max]
  return { refused, delay: [median / 1e6, high / 1e6, most / 1e6], ...memory() }
}

async function settle(work: () => unknown): Promise<boolean> {
  try {
    await work()
    return true
  } catch {
    return false
  }
}

const data = Buffer.alloc(1_700)
const signature = Buffer.alloc(64, 1)

/** The event-loop delay without Cloakwright: one invalid signature. */
function verifyNothing({ publicKey }: BenchRealm): boolean {
  return verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
}

/** In turn: forged signatures, truncated and malformed strings, invented headers, unknown keys. */
function garbageOf(token: string, at: number): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const kinds = [
    () => `${header}.${payload}.${signature.split('').toReversed().join('')}`,
    () => token.slice(0, 40 + (at % 1000)),
    () => `${token.slice(0, 200)}~${token.slice(201)}`,
    () => `${encode({ alg: 'ES256', kid: `made up ${at}` })}.${payload}.${signature}`,
    () => `${encode({ alg: 'none', kid: String(at) })}.${payload}.`,
  ]
  return kinds[at % kinds.length]?.() ?? ''
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** In one buffer, so the heap has only what the verifier keeps; each time a new string, as in a request. */
function signAll(realm: BenchRealm): (at: number) => string {
  const size = realm.token(0).length + 16
  const bytes = Buffer.alloc(count * size)
  const lengths = Array.from({ length: count }, (_, at) => bytes.write(realm.token(at), at * size, 'latin1'))
  return (at) => bytes.toString('latin1', at * size, at * size + (lengths[at] ?? 0))
}

function memory(): { readonly heap: number; readonly resident: number } {
  const resident = process.memoryUsage.rss() / megabyte
  collect()
  return { heap: process.memoryUsage().heapUsed / megabyte, resident }
}
