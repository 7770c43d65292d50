import { adminRequest } from './admin-requests.mjs'
import { faultOf } from './judge.mjs'
import { loginRequest } from './login-requests.mjs'
import { Random } from './random.mjs'
import { startServer } from './server.mjs'
import { openSession } from './session.mjs'
import { differences, snapshot } from './stored.mjs'
import { wildRequest } from './wild-requests.mjs'
import { password, realmNamed, secret, World } from './world.mjs'

/** Consecutive requests to one fresh realm: what is needed to repeat one of them. */
const turnLength = 1_000
const canary = 'canary'
/** Every this many turns the realm is kept, to be compared after a restart. */
const keepEvery = 10

/**
 * Sends `requests` requests and checks the invariants.
 *
 * @param {{ seed: number, requests: number, only?: number, connections: number, folder: string, onProgress?: (progress: { sent:
 * number, failures: number, memory: number | undefined }) => void }} options
 */
export async function fuzz(options) {
  const report = {
    sent: 0,
    failures: [],
    faults: new Map(),
    statuses: new Map(),
    slowest: 0,
    peak: 0,
    compared: 0,
    isHung: false,
  }
  const onFault = (stack) => report.faults.set(stack, (report.faults.get(stack) ?? 0) + 1)
  let server = await startServer(options.folder, onFault)
  const kept = [canary, 'master']
  try {
    const setup = await openSession(server.port)
    await setup.expect(await setup.sendJson('POST', '/admin/realms', realmNamed(canary)), 201)
    await setup.expect(
      await setup.sendJson('PUT', '/admin/realms/master', { accessTokenLifespan: 86_400 }),
      204,
    )
    const run = {
      ...options,
      server,
      report,
      kept,
      isOver: () => server.death() !== undefined || report.isHung,
    }
    const turns = turnsOf(options)
    await Promise.all(
      Array.from({ length: options.only === undefined ? options.connections : 1 }, () => lane(run, turns)),
    )
    if (report.isHung) server.kill()
    else if (server.death() !== undefined) fail(report, { problem: server.death() })
    if (!report.isHung && options.only === undefined && server.death() === undefined) {
      const before = await everything(server, kept)
      await server.stop()
      server = await startServer(options.folder, onFault)
      const after = await everything(server, kept)
      report.compared = before.size
      for (const difference of differences(before, after)) {
        fail(report, {
          problem: `differs after a restart: ${difference.path}`,
          body: `${difference.before.slice(0, 2_000)}\n${difference.after.slice(0, 2_000)}`,
        })
      }
    }
    for (const [stack, times] of report.faults)
      fail(report, { problem: `the realm logged an error, ${times} ×`, body: stack })
    setup.close()
  } finally {
    await server.stop()
  }
  return report
}

function turnsOf({ requests, only }) {
  if (only !== undefined) {
    const turn = Math.floor(only / turnLength)
    return [{ turn, from: turn * turnLength, to: only + 1 }].values()
  }
  const turns = Array.from({ length: Math.ceil(requests / turnLength) }, (_, turn) => ({
    turn,
    from: turn * turnLength,
    to: Math.min(requests, (turn + 1) * turnLength),
  }))
  return turns.values()
}

/** Takes turns from the shared list, each with its own realm. */
async function lane(run, turns) {
  for (const { turn, from, to } of turns) {
    const session = await openSession(run.server.port)
    const world = new World(`fuzz-${turn}`)
    world.adminToken = session.token
    await session.expect(await session.sendJson('POST', '/admin/realms', realmNamed(world.realm)), 201)
    await lookAround(session, world)
    for (let index = from; index < to && !run.isOver(); index += 1) {
      await step(run, session, world, index)
      if (index % 50 === 49) await checkRealm(run, session, world, index)
    }
    if (!run.isOver()) await checkCanary(run, session, to - 1)
    if (run.only === undefined) {
      if (turn % keepEvery === 0) run.kept.push(world.realm)
      for (const realm of world.realms) {
        if (!run.kept.includes(realm))
          await session.sendJson('DELETE', `/admin/realms/${encodeURIComponent(realm)}`)
      }
    }
    session.close()
    if (run.isOver()) return
  }
}

async function step({ seed, server, report, onProgress }, session, world, index) {
  const random = new Random(seed, index)
  const request = requestOf(random, world, server.routes)
  // The same request twice at once: two tabs, two administrators.
  const copies = random.percent(3) ? 2 : 1
  const busyBefore = server.processorTime()
  const outcomes = await Promise.all(Array.from({ length: copies }, () => session.send(request)))
  const busy = busyBefore === undefined ? undefined : server.processorTime() - busyBefore
  report.sent += 1
  for (const outcome of outcomes) {
    // Later requests would not get a response either.
    if (outcome.hung) report.isHung = true
    const problem = faultOf(request, outcome, busy)
    if (problem !== undefined) fail(report, { index, request, problem, body: outcome.body.slice(0, 400) })
    report.statuses.set(outcome.status, (report.statuses.get(outcome.status) ?? 0) + 1)
    report.slowest = Math.max(report.slowest, outcome.milliseconds)
    world.learn(request, outcome)
  }
  if (report.sent % 500 === 0) {
    const memory = server.memory()
    report.peak = Math.max(report.peak, memory ?? 0)
    onProgress?.({ sent: report.sent, failures: report.failures.length, memory })
  }
}

function requestOf(random, world, routes) {
  const make = random.weighted([
    [58, adminRequest],
    [32, loginRequest],
    [10, wildRequest],
  ])
  const isAdmin = ({ path, method }) => path.startsWith('/admin/') && method !== 'HEAD' && path !== '/admin/*'
  return make(random, world, make === adminRequest ? routes.filter(isAdmin) : routes)
}

function fail(report, failure) {
  report.failures.push(failure)
}

/** Everything that requests can refer to, as listed by the Admin API. */
async function lookAround(session, world) {
  const lists = [
    'users',
    'groups',
    'roles',
    'clients',
    'client-scopes',
    'authentication/flows',
    'authentication/required-actions',
  ]
  for (const list of [
    ...lists,
    'components',
    'authentication/flows/browser/executions',
    'users/profile',
    '',
  ]) {
    const route = `/admin/realms/:realm${list === '' ? '' : `/${list}`}`
    const request = { method: 'GET', route, path: route.replace(':realm', world.realm) }
    world.learn(request, await session.send({ ...request, headers: session.headers }))
  }
}

/** Ensures that the realm of this turn exists. */
async function checkRealm(run, session, world, index) {
  const path = `/admin/realms/${world.realm}`
  const { status } = await session.send({ method: 'GET', route: path, path, headers: session.headers })
  if (status !== 404) return
  const made = await session.sendJson('POST', '/admin/realms', realmNamed(world.realm))
  if (made.status !== 201)
    fail(run.report, { index, problem: `could not create the realm again: ${made.status}`, body: made.body })
}

/** Checks that an untouched realm still serves its discovery document and a login. */
async function checkCanary({ report }, session, index) {
  const base = `/realms/${canary}`
  const document = await session.send({
    method: 'GET',
    path: `${base}/.well-known/openid-configuration`,
    headers: {},
  })
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: 'app',
    client_secret: secret,
    username: 'alice',
    password,
    scope: 'openid',
  })
  const login = await session.send({
    method: 'POST',
    path: `${base}/protocol/openid-connect/token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  })
  for (const [what, { status, body, problem }] of Object.entries({ discovery: document, login })) {
    if (status !== 200)
      fail(report, { index, problem: `${what} of an untouched realm: ${problem ?? status}`, body })
  }
}

async function everything(server, realms) {
  const session = await openSession(server.port)
  const send = (path) => session.send({ method: 'GET', path, headers: session.headers })
  const shown = new Map()
  for (const realm of realms)
    for (const [path, value] of await snapshot(send, server.routes, realm)) shown.set(path, value)
  session.close()
  return shown
}
