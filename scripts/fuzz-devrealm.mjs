/**
 * `node scripts/fuzz-devrealm.mjs [--seed N] [--requests 200000] [--connections 4] [--only INDEX]`: sends requests generated
 * from a seed to an embedded realm. It fails on a 500, a request over 2 s, a lost connection, an exit of the process, and a
 * restart that changes the data.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz/run.mjs'

const shown = 12

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    requests: { type: 'string', default: '200000' },
    connections: { type: 'string', default: '4' },
    only: { type: 'string' },
  },
})
const number = (name) => {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= (name === 'only' ? 0 : 1)) return value
  console.error(`--${name}: ${values[name]} is not a whole number; example: --${name} 1`)
  process.exit(2)
}
const seed = number('seed')
const requests = number('requests')
const only = values.only === undefined ? undefined : number('only')
const folder = mkdtempSync(join(tmpdir(), 'cloakwright-fuzz-'))
const start = performance.now()
console.log(
  only === undefined
    ? `Seed ${seed}, ${requests} requests`
    : `Seed ${seed}, request ${only} with the requests before it`,
)

let last = 0
function onProgress({ sent, failures, memory }) {
  const seconds = (performance.now() - start) / 1000
  if (seconds - last < 10) return
  last = seconds
  const rate = sent / seconds
  const left = Math.round((requests - sent) / rate)
  const resident = memory === undefined ? '' : `, ${Math.round(memory / 1e6)} MB`
  console.log(
    `${sent} of ${requests}, ${Math.round(rate)}/s, ${left} s left, failures: ${failures}${resident}`,
  )
}

try {
  const report = await fuzz({ seed, requests, only, connections: number('connections'), folder, onProgress })
  for (const failure of report.failures.slice(0, shown)) print(failure)
  if (report.failures.length > 0) summarize(report)
  const seconds = (performance.now() - start) / 1000
  const statuses = [...report.statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
  console.log(`\nStatuses: ${statuses.join(', ')}`)
  console.log(
    `Slowest: ${Math.round(report.slowest)} ms. Peak memory: ${Math.round(report.peak / 1e6)} MB. Responses equal after a restart: ${report.compared}`,
  )
  console.log(
    `${report.sent} requests in ${Math.round(seconds)} s (${Math.round(report.sent / seconds)}/s), failures: ${report.failures.length}`,
  )
  if (report.failures.length > 0) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function print({ index, request, problem, body }) {
  console.log(`\nFAILED ${index === undefined ? '' : `request ${index}: `}${problem}`)
  if (request !== undefined) {
    const sent = request.body === undefined ? '' : `\n${request.body.toString().slice(0, 600)}`
    const headers = {
      ...request.headers,
      ...(request.headers.authorization && {
        authorization: `${request.headers.authorization.slice(0, 20)}…`,
      }),
    }
    console.log(
      `${request.method} ${request.path.slice(0, 300)}\n${JSON.stringify(headers).slice(0, 400)}${sent}`,
    )
  }
  if (body !== undefined && body !== '') console.log(`Response: ${body}`)
  if (index !== undefined)
    console.log(`Repeat with: node scripts/fuzz-devrealm.mjs --seed ${seed} --only ${index}`)
}

/** Groups failures: many have the same cause. */
function summarize({ failures, faults }) {
  const groups = new Map()
  for (const { request, problem, index } of failures) {
    const name = `${problem.split('\n')[0].replace(/\d+ ms/, 'N ms')} ${request === undefined ? '' : `${request.method} ${request.route}`}`
    groups.set(name, [...(groups.get(name) ?? []), index])
  }
  console.log('\nFailures by kind:')
  for (const [name, indices] of [...groups].sort(([, a], [, b]) => b.length - a.length).slice(0, 60)) {
    console.log(`${String(indices.length).padStart(5)}  ${name}  (${indices.slice(0, 3).join(', ')})`)
  }
  console.log('\nErrors logged by the realm:')
  for (const [stack, count] of [...faults].sort(([, a], [, b]) => b - a).slice(0, 40))
    console.log(`${count} × ${stack}\n`)
}
