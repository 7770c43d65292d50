/**
 * Test files of one worker share its process: a file that leaves changes behind fails itself, instead of the file that runs
 * next.
 */
import { afterAll, beforeAll, expect, vi } from 'vitest'

const watched = ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'Date', 'crypto', 'console'] as const

function stateOfProcess() {
  return {
    folder: process.cwd(),
    exitCode: process.exitCode,
    listeners: Object.fromEntries(
      ['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException', 'unhandledRejection', 'warning'].map((name) => [
        name,
        process.listenerCount(name),
      ]),
    ),
    fakeTimers: vi.isFakeTimers(),
  }
}

let environment: NodeJS.ProcessEnv
let before: ReturnType<typeof stateOfProcess>
let globals: readonly unknown[]

beforeAll(() => {
  environment = { ...process.env }
  before = stateOfProcess()
  globals = watched.map((name) => globalThis[name])
})

afterAll(() => {
  expect(stateOfProcess(), 'the test file left the process changed').toEqual(before)
  const variables = Object.keys({ ...environment, ...process.env }).filter(
    (name) => environment[name] !== process.env[name],
  )
  expect(variables, 'the test file left environment variables changed').toEqual([])
  const replaced = watched.filter((name, index) => globalThis[name] !== globals[index])
  expect(replaced, 'the test file left globals replaced').toEqual([])
})
