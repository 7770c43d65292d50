import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { bound, boundHead, median, printTable } from './report.ts'
import { inTurns } from './turns.ts'

const rounds = 15

/** The cost of `import 'cloakwright'` at start-up: fresh processes that import the built core, compared with an empty script. */
export async function benchImportTime(): Promise<boolean> {
  const core = JSON.stringify(import.meta.resolve('cloakwright'))
  const jose = JSON.stringify(import.meta.resolve('jose'))
  const targets = [
    { name: 'empty script', measure: () => millisecondsOf('0') },
    { name: 'cloakwright', measure: () => millisecondsOf(`await import(${core})`) },
    { name: 'jose alone', measure: () => millisecondsOf(`await import(${jose})`) },
    { name: 'empty script again (null test)', measure: () => millisecondsOf('0') },
  ]
  for (const { measure } of targets) await measure()
  const times = await inTurns('import time', targets, rounds)
  const [nothing = []] = times
  const added = times.map((list) => median(list.map((time, round) => time - (nothing[round] ?? Number.NaN))))
  printTable(`Import time (${rounds} rounds, each a fresh process of Node ${process.version})`, [
    ['', 'median ms', 'median ms above the empty script'],
    ...targets.map(({ name }, index) => [
      name,
      median(times[index] ?? []).toFixed(1),
      index === 0 ? '0' : (added[index] ?? Number.NaN).toFixed(1),
    ]),
  ])
  const [, whole = Number.NaN, , again = Number.NaN] = added
  return printTable('Limits', [
    boundHead,
    bound('import of the core minus null test, ms', whole - again, 'at most', 60, 1),
  ])
}

async function millisecondsOf(script: string): Promise<number> {
  const started = performance.now()
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: process.env['PATH'] },
  })
  return performance.now() - started
}
