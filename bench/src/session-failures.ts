import { setTimeout as pause } from 'node:timers/promises'
import {
  openReplicaSet,
  type Replica,
  type ReplicaSet,
  type User,
  users,
} from '../../conformance/src/replica-set.ts'
import { postgresqlFolder, startPostgresql } from '../../scripts/lib/postgresql.mjs'
import { Problem } from '../../scripts/lib/program.mjs'
import { redisProgram, startRedis } from '../../scripts/lib/redis.mjs'
import { provide } from '../../scripts/lib/system.mjs'
import { bound, boundHead, printTable } from './report.ts'

/** Seconds: each session is refreshed several times in a failure. */
const tokenLifetime = 5
/** Seconds for which the realm is away. */
const absence = 30
const sessions = 30

interface Store {
  readonly url: string
  start(): Promise<void>
  shutDown(): Promise<void>
  stop(): Promise<void>
}

/** A signed-in user of one replica set. */
interface Visitor {
  readonly user: User
  readonly cookie: string
}

/** What visitors saw during a failure. */
interface Seen {
  requests: number
  unavailable: number
  /** Broken connections of a replica that was killed. */
  broken: number
  /** Any other status. */
  other: number
  /** Answered as another user. */
  mistaken: number
}

interface Outcome extends Seen {
  readonly name: string
  readonly lost: number
  /** Milliseconds from the end of the failure until every session is answered again. */
  readonly recovery: number
}

/** Thirty sessions on three replicas through a killed replica, a restarted store and an absent realm. */
export async function benchSessionFailures(): Promise<boolean> {
  try {
    await provide([
      { name: 'PostgreSQL', found: () => postgresqlFolder() !== undefined, package: 'postgresql' },
      { name: 'Redis', found: () => redisProgram() !== undefined, package: 'redis-server' },
    ])
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    process.stderr.write(`session-failures: ${error.message}\n  ${error.hint}\n`)
    return false
  }
  const outcomes = [
    ...(await measure('PostgreSQL', await openPostgresql())),
    ...(await measure('Redis', await startRedis())),
  ]
  const head = [
    '',
    'requests',
    '503',
    'broken',
    'other',
    'as another user',
    'sessions lost',
    'until all are back',
  ]
  printTable(`${sessions} sessions on 3 replicas, tokens of ${tokenLifetime} s`, [
    head,
    ...outcomes.map(({ name, requests, unavailable, broken, other, mistaken, lost, recovery }) => [
      name,
      ...[requests, unavailable, broken, other, mistaken, lost].map(String),
      `${(recovery / 1000).toFixed(1)} s`,
    ]),
  ])
  const sum = (of: keyof Seen | 'lost'): number => outcomes.reduce((total, outcome) => total + outcome[of], 0)
  return printTable('Limits', [
    boundHead,
    bound('sessions lost', sum('lost'), 'at most', 0, 0),
    bound('answers as another user', sum('mistaken'), 'at most', 0, 0),
    bound('answers other than 200 and 503', sum('other'), 'at most', 0, 0),
  ])
}

async function openPostgresql(): Promise<Store> {
  const server = await startPostgresql()
  return { ...server, url: await server.createDatabase('sessions') }
}

async function measure(storeName: string, store: Store): Promise<Outcome[]> {
  let set: ReplicaSet | undefined
  try {
    const opened = await openReplicaSet(store.url, tokenLifetime)
    set = opened
    const { proxy, replicas } = opened
    const visitors: Visitor[] = []
    for (let number = 0; number < sessions; number++) {
      const user = users[number % users.length] as User
      visitors.push({ user, cookie: await opened.signIn(replicas[number % 3] as Replica, user) })
    }
    const through = (name: string, failure: () => Promise<void>): Promise<Outcome> => {
      process.stderr.write(`${storeName}, ${name}\n`)
      return throughFailure(`${storeName}, ${name}`, opened, visitors, failure)
    }
    return [
      await through('a replica killed amid refreshes', async () => {
        await whenRefreshing(opened, () => opened.kill(replicas[0] as Replica))
        replicas[0] = await opened.start()
      }),
      await through('store restarted', async () => {
        await store.shutDown()
        await pause(1_000)
        await store.start()
      }),
      await through(`realm away for ${absence} s`, async () => {
        proxy.away = true
        await pause(absence * 1000)
        proxy.away = false
      }),
    ]
  } finally {
    await set?.close()
    await store.stop()
  }
}

/** Runs it while the realm holds a refresh. */
async function whenRefreshing({ proxy }: ReplicaSet, work: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let begun = false
    proxy.onRefresh = async () => {
      if (begun) return
      begun = true
      await work().then(resolve, reject)
    }
  })
}

async function throughFailure(
  name: string,
  set: ReplicaSet,
  visitors: readonly Visitor[],
  failure: () => Promise<void>,
): Promise<Outcome> {
  const seen: Seen = { requests: 0, unavailable: 0, broken: 0, other: 0, mistaken: 0 }
  let over = false
  const visits = visitors.map(async (visitor, number) => {
    for (let turn = number; !over; turn++) {
      await visit(set, set.replicas[turn % set.replicas.length] as Replica, visitor, seen)
      await pause(20)
    }
  })
  await failure()
  const ended = performance.now()
  const lost = await untilBack(set, visitors)
  const recovery = performance.now() - ended
  over = true
  await Promise.all(visits)
  return { name, ...seen, lost, recovery }
}

async function visit(
  set: ReplicaSet,
  replica: Replica,
  { user, cookie }: Visitor,
  seen: Seen,
): Promise<void> {
  seen.requests += 1
  try {
    const { status, text } = await set.ask(replica, cookie)
    if (status === 503) seen.unavailable += 1
    else if (status !== 200) seen.other += 1
    else if (text !== JSON.stringify({ username: user })) seen.mistaken += 1
  } catch {
    seen.broken += 1
  }
}

/** Waits until every session is answered; resolves to the number of those that the service does not know any more. */
async function untilBack(set: ReplicaSet, visitors: readonly Visitor[]): Promise<number> {
  const deadline = performance.now() + 60_000
  let waiting = [...visitors]
  let lost = 0
  while (waiting.length > 0 && performance.now() < deadline) {
    const asked = await Promise.all(
      waiting.map(async (visitor) => ({
        visitor,
        status: (await set.ask(set.replicas[1] as Replica, visitor.cookie)).status,
      })),
    )
    lost += asked.filter(({ status }) => status === 401).length
    waiting = asked.filter(({ status }) => status === 503).map(({ visitor }) => visitor)
    if (waiting.length > 0) await pause(50)
  }
  return lost + waiting.length
}
