import { type AppProcess, startApp } from './app-process.ts'
import { signTokens, startIssuer } from './issuer.ts'
import { type Load, openLoad, type Run } from './load.ts'
import { startPython } from './python.ts'
import { bound, printTable } from './report.ts'
import { inTurns, medianOf, medianRatio, oneByOne, standing, type Target } from './turns.ts'

const rounds = 11
const milliseconds = 250
const warmUpMilliseconds = 1_500
/** As many as the fastest peer needs in the warm-up and the rounds. */
const coldTokens = 60_000

/** A guarded route: an application of `apps/` or FastAPI, and the Cloakwright application to compare it with. */
interface Contender {
  readonly name: string
  readonly app: string
  readonly path: string
  readonly against?: string
}

const onFastify = 'cloakwright (Fastify)'
const onExpress = 'cloakwright (Express)'
const contenders: readonly Contender[] = [
  { name: onFastify, app: 'cloakwright-fastify', path: '/guarded' },
  { name: 'jose (Fastify)', app: 'jose', path: '/guarded', against: onFastify },
  { name: 'fast-jwt, no cache (Fastify)', app: 'fast-jwt', path: '/guarded', against: onFastify },
  { name: 'fast-jwt, cache (Fastify)', app: 'fast-jwt-cached', path: '/guarded', against: onFastify },
  { name: onExpress, app: 'cloakwright-express', path: '/guarded' },
  {
    name: 'express-oauth2-jwt-bearer',
    app: 'express-oauth2-jwt-bearer',
    path: '/guarded',
    against: onExpress,
  },
  { name: 'keycloak-connect (Express)', app: 'keycloak-connect', path: '/guarded', against: onExpress },
  { name: 'python-keycloak (FastAPI)', app: 'fastapi', path: '/python-keycloak', against: onFastify },
  { name: 'python-jose (FastAPI)', app: 'fastapi', path: '/python-jose', against: onFastify },
]

/**
 * The same route guarded by each peer, in one run with one client: warm (one token) and cold (a new token each time). Each is
 * compared with the open route of its own process and with Cloakwright on its framework.
 */
export async function benchPeers(): Promise<boolean> {
  const issuer = await startIssuer()
  const apps = new Map<string, AppProcess>()
  const loads = new Map<string, Load>()
  try {
    process.stderr.write(`peers: signing ${coldTokens} tokens, about ${coldTokens / 2500} s\n`)
    const [key] = issuer.keys
    if (key === undefined) throw new Error('The issuer has no key')
    const [token = '', ...fresh] = await signTokens(issuer, key, coldTokens)
    for (const app of new Set(contenders.map((contender) => contender.app))) {
      const started =
        app === 'fastapi' ? await startPython(issuer.issuer) : await startApp(app, issuer.issuer)
      if (started === undefined) continue
      apps.set(app, started)
      loads.set(app, await openLoad(started.origin))
    }
    const taking = contenders.flatMap((contender) => {
      const load = loads.get(contender.app)
      return load === undefined ? [] : [{ ...contender, load, next: oneByOne(fresh) }]
    })
    const known = (): string => token
    // One request first: keycloak-connect refuses requests that arrive while it fetches the keys.
    for (const { load, path } of taking) await load.run(path, oneByOne([token]), 1_000)
    for (const { load, path, next } of taking) {
      await load.run('/open', known, warmUpMilliseconds)
      await load.run(path, known, warmUpMilliseconds)
      await load.run(path, next, warmUpMilliseconds / 3)
    }
    const targets: Target<number>[] = taking.flatMap(({ name, load, path, next }) => [
      { name: `${name}, open`, measure: () => rateOf(load.run('/open', known, milliseconds)) },
      { name: `${name}, warm`, measure: () => rateOf(load.run(path, known, milliseconds)) },
      { name: `${name}, cold`, measure: () => rateOf(load.run(path, next, milliseconds)) },
    ])
    const ours = taking[0]
    if (ours === undefined) throw new Error('No selected peer can be measured')
    targets.push({
      name: 'null test',
      measure: () => rateOf(ours.load.run('/open', known, milliseconds)),
    })
    const rates = await inTurns('peers', targets, rounds)
    const byName = new Map(targets.map(({ name }, index) => [name, rates[index] ?? []]))
    return report(taking, (name) => byName.get(name) ?? [])
  } finally {
    for (const load of loads.values()) load.close()
    for (const app of apps.values()) await app.stop()
    await issuer.stop()
  }
}

function report(taking: readonly Contender[], ratesOf: (name: string) => readonly number[]): boolean {
  const perSecond = (name: string): string => medianOf(ratesOf(name)).toFixed(0)
  const ratio = (name: string, base: string): number => medianRatio(ratesOf(name), ratesOf(base))
  printTable(`Peers (${rounds} rounds of ${milliseconds} ms each, 32 connections; requests/s are medians)`, [
    ['', 'open', 'warm', 'warm ÷ open', 'cold', 'cold ÷ open', 'cloakwright is'],
    ...taking.map(({ name, against }) => [
      name,
      perSecond(`${name}, open`),
      perSecond(`${name}, warm`),
      ratio(`${name}, warm`, `${name}, open`).toFixed(3),
      perSecond(`${name}, cold`),
      ratio(`${name}, cold`, `${name}, open`).toFixed(3),
      against === undefined
        ? ''
        : `${standing(ratio(`${against}, warm`, `${name}, warm`))} warm, ${standing(ratio(`${against}, cold`, `${name}, cold`))} cold`,
    ]),
    [
      `${onFastify}, open again (null test)`,
      perSecond('null test'),
      '',
      ratio('null test', `${onFastify}, open`).toFixed(3),
      '',
      '',
      '',
    ],
  ])
  return printTable('Limits', [
    ['cloakwright ÷', 'measured', 'bound', 'held'],
    ...taking.flatMap(({ name, against }) =>
      against === undefined
        ? []
        : [
            bound(`${name}, warm`, ratio(`${against}, warm`, `${name}, warm`), 'at least', 1, 2),
            bound(`${name}, cold`, ratio(`${against}, cold`, `${name}, cold`), 'at least', 1, 2),
          ],
    ),
  ])
}

async function rateOf(run: Promise<Run>): Promise<number> {
  const { answers, seconds } = await run
  return answers === 0 ? Number.NaN : answers / seconds
}
