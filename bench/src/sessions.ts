import { Problem } from '../../scripts/lib/program.mjs'
import { measureLogoutEffect } from './logout-effect.ts'
import { findOauth2Proxy, startOauth2Proxy } from './oauth2-proxy.ts'
import { bound, boundHead, median, printTable } from './report.ts'
import type { SessionRealm } from './session-realm.ts'
import { type Setting, type Stoppable, startSetting } from './session-setting.ts'
import { endlessly, inTurns, medianOf, medianRatio, standing, type Target } from './turns.ts'
import { openWrk, provideWrk } from './wrk.ts'

const rounds = 7
const connections = 32
const seconds = 1
const warmUpSeconds = 3
/** Sessions that take turns in the load. */
const sessions = 10
const logouts = 20

/** A route that needs a session, the same route without, and how a login starts. */
interface Contender {
  readonly name: string
  readonly app: string
  readonly start: string
  readonly needsRedis?: boolean
  /** The Cloakwright application that it is compared with. */
  readonly against?: string
}

const onFastify = 'cloakwright (Fastify)'
const onExpress = 'cloakwright (Express)'
const start = '/auth/login?returnTo=/guarded'
const contenders: readonly Contender[] = [
  { name: onFastify, app: 'sessions-fastify', start },
  { name: onExpress, app: 'sessions-express', start },
  {
    name: 'express-openid-connect, cookie store',
    app: 'express-openid-connect',
    start: '/guarded',
    against: onExpress,
  },
  {
    name: 'express-openid-connect, Redis store',
    app: 'express-openid-connect-redis',
    start: '/guarded',
    needsRedis: true,
    against: onExpress,
  },
]
const proxy: Contender = {
  name: 'oauth2-proxy before Express',
  app: 'oauth2-proxy',
  start: '/oauth2/start?rd=/open',
  against: onExpress,
}

/** The second process of the Fastify application, on the same store. */
const replica = 'sessions-fastify-replica'

/**
 * A route that needs a browser session against the same route without, with sessions in PostgreSQL, compared with the peers; then how
 * soon a logout takes effect on another replica.
 */
export async function benchSessions(): Promise<boolean> {
  const started: Stoppable[] = []
  try {
    await provideWrk()
    const names = [...contenders, proxy].map(({ app }) => app)
    const setting = await startSetting([...names, replica], sessions, started)
    const { subjects, skipped } = await startContenders(setting, started)
    const limits = await measureRates(subjects, skipped)
    limits.push(...(await measureLogouts(setting, subjects)))
    return printTable('Limits', [boundHead, ...limits])
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    process.stderr.write(`sessions: ${error.message}\n  ${error.hint}\n`)
    return false
  } finally {
    for (const each of started.reverse()) await each.stop()
  }
}

/** Requests per second. */
type Rate = (seconds?: number) => Promise<number>

/** A contender that is running, with the requests that measure it. */
interface Subject extends Contender {
  readonly cookies: readonly string[]
  readonly open: Rate
  readonly openAgain: Rate
  /** Like `open`, with the header that guards add to responses for a session. */
  readonly uncached: Rate
  readonly guarded: Rate
}

async function startContenders(
  setting: Setting,
  started: Stoppable[],
): Promise<{ readonly subjects: readonly Subject[]; readonly skipped: readonly string[][] }> {
  const { realm, noRedis, originOf } = setting
  const subjects: Subject[] = []
  const skipped: string[][] = []
  for (const contender of contenders) {
    if (noRedis !== undefined && contender.needsRedis) {
      skipped.push([contender.name, `skipped: ${noRedis}`, '', '', ''])
      continue
    }
    const { origin } = await setting.start(contender.app)
    subjects.push(await toSubject(contender, realm, origin, { origin, path: '/guarded' }, started))
  }
  const found = await findOauth2Proxy()
  if ('missing' in found) skipped.push([proxy.name, `skipped: ${found.missing}`, '', '', ''])
  else {
    const origin = originOf(proxy.app)
    const upstream = originOf('sessions-express')
    started.push(await startOauth2Proxy(found.program, realm, origin, upstream, setting.secret))
    subjects.push(await toSubject(proxy, realm, upstream, { origin, path: '/open' }, started))
  }
  return { subjects, skipped }
}

async function toSubject(
  contender: Contender,
  realm: SessionRealm,
  openOrigin: string,
  guarded: { readonly origin: string; readonly path: string },
  started: Stoppable[],
): Promise<Subject> {
  const cookies: string[] = []
  for (let user = 0; user < sessions; user++)
    cookies.push(await realm.signIn(guarded.origin + contender.start, user))
  const load = openWrk(connections, cookies)
  started.push(load)
  const rateOf =
    (url: string): Rate =>
    (time = seconds) =>
      load.rate(url, time)
  return {
    ...contender,
    cookies,
    open: rateOf(`${openOrigin}/open`),
    openAgain: rateOf(`${openOrigin}/open-again`),
    uncached: rateOf(`${openOrigin}/open-uncached`),
    guarded: rateOf(guarded.origin + guarded.path),
  }
}

/** Prints the rates; returns the rows of the limits. */
async function measureRates(subjects: readonly Subject[], skipped: readonly string[][]): Promise<string[][]> {
  const ours = subjects.filter(({ against }) => against === undefined)
  for (const { open, guarded } of subjects) {
    await open(warmUpSeconds)
    await guarded(warmUpSeconds)
  }
  for (const { openAgain, uncached } of ours) {
    await openAgain(warmUpSeconds)
    await uncached(warmUpSeconds)
  }
  const targets: Target<number>[] = [
    ...subjects.flatMap(({ name, open, guarded }) => [
      { name: `${name}, open`, measure: () => open() },
      { name: `${name}, guarded`, measure: () => guarded() },
    ]),
    ...ours.flatMap(({ name, openAgain, uncached }) => [
      { name: `${name}, open again`, measure: () => openAgain() },
      { name: `${name}, no-store`, measure: () => uncached() },
    ]),
  ]
  const rates = await inTurns('sessions', targets, rounds)
  const byName = new Map(targets.map(({ name }, index) => [name, rates[index] ?? []]))
  const ratio = (name: string, base: string): number => medianRatio(byName.get(name), byName.get(base))
  const perSecond = (name: string): string => medianOf(byName.get(name)).toFixed(0)
  printTable(
    `A route that needs a session (medians of ${rounds} rounds of ${seconds} s, wrk with ${connections} connections, ${sessions} sessions in turn; the same request for both routes)`,
    [
      ['', 'open, requests/s', 'guarded, requests/s', 'guarded ÷ open', 'cloakwright is'],
      ...subjects.map(({ name, against }) => [
        name,
        perSecond(`${name}, open`),
        perSecond(`${name}, guarded`),
        ratio(`${name}, guarded`, `${name}, open`).toFixed(3),
        against === undefined ? '' : standing(ratio(`${against}, guarded`, `${name}, guarded`)),
      ]),
      ...ours.map(({ name }) => [
        `${name}, open in another application (null test)`,
        perSecond(`${name}, open again`),
        '',
        ratio(`${name}, open again`, `${name}, open`).toFixed(3),
        '',
      ]),
      ...ours.map(({ name }) => [
        `${name}, against an open route that sends Cache-Control: no-store, too`,
        perSecond(`${name}, no-store`),
        perSecond(`${name}, guarded`),
        ratio(`${name}, guarded`, `${name}, no-store`).toFixed(3),
        '',
      ]),
      ...skipped,
    ],
  )
  return ours.map(({ name }) =>
    bound(
      `${name}: guarded ÷ null`,
      ratio(`${name}, guarded`, `${name}, open`) / ratio(`${name}, open again`, `${name}, open`),
      'at least',
      0.85,
      3,
    ),
  )
}

/** Ends sessions on one replica under load; returns the rows of the limits. */
async function measureLogouts(
  { realm, originOf, start: startProcess }: Setting,
  [ours]: readonly Subject[],
): Promise<string[][]> {
  if (ours === undefined) throw new Error('No application was measured')
  const here = originOf(ours.app)
  const there = await startProcess(replica, ours.app)
  const ending: string[] = []
  for (let number = 0; number < logouts; number++)
    ending.push(await realm.signIn(here + ours.start, number % sessions))
  process.stderr.write(`sessions: ${logouts} logouts under load\n`)
  const times = await measureLogoutEffect(here, there.origin, ending, endlessly(ours.cookies))
  return [
    bound('logout on one replica, refused by the other: median, ms', median(times), 'at most', 1000, 1),
    bound(`the slowest of ${logouts}, ms`, Math.max(...times), 'at most', 1000, 1),
  ]
}
