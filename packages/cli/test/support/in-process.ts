import { Readable } from 'node:stream'
import { vi } from 'vitest'
import { runProgram } from '../../src/program/run.ts'

let isRunning = false

/**
 * Runs `cloakwright` in this process, which saves its start: without a terminal, with only these variables, and with this
 * standard input. One command at a time. main.ts is not included: tests of signals, streams and exit use `runCli`.
 */
export async function runHere(
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
  input?: string,
  onOutput?: (stdout: string) => void,
) {
  if (isRunning) throw new Error('only one command at a time can run in this process')
  isRunning = true
  const output = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((part, encoding, callback?) => {
      output[name] += typeof part === 'string' ? part : Buffer.from(part).toString()
      const written = typeof encoding === 'function' ? encoding : callback
      if (written !== undefined) setImmediate(written)
      onOutput?.(output.stdout)
      return true
    }),
  )
  const restore = [
    ...(['stdout', 'stderr'] as const).map((name) => replaced(process[name], 'isTTY', undefined)),
    replaced(process, 'stdin', Readable.from(input === undefined ? [] : [input], { objectMode: false })),
  ]
  const signals = ['SIGINT', 'SIGTERM'] as const
  const listeners = signals.map((name) => process.listeners(name))
  const { env: environment, exitCode } = process
  const { PATH, HOME, TMPDIR } = environment
  process.env = { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...variables }
  process.exitCode = undefined
  try {
    const code = Number(await runProgram(args))
    return { code, ...output }
  } finally {
    process.env = environment
    process.exitCode = exitCode
    // A job adds its own listeners.
    for (const [at, name] of signals.entries())
      for (const each of process.listeners(name))
        if (listeners[at]?.includes(each) !== true) process.removeListener(name, each)
    for (const each of restore) each()
    for (const spy of spies) spy.mockRestore()
    isRunning = false
  }
}

/**
 * Runs `cloakwright` in this process like {@link runHere} until its standard output matches, does `work`, and stops it as
 * SIGTERM does. Rejects if it exits before.
 */
export async function serveHere(
  args: readonly string[],
  variables: NodeJS.ProcessEnv,
  pattern: RegExp,
  work: () => Promise<unknown>,
) {
  const others = process.listeners('SIGTERM')
  let isReady: () => void = () => {}
  const ready = new Promise<void>((resolve) => {
    isReady = resolve
  })
  const running = runHere(args, variables, undefined, (stdout) => {
    if (pattern.test(stdout)) isReady()
  })
  await Promise.race([
    ready,
    running.then((result) => {
      throw new Error(`ended before ${String(pattern)}: ${JSON.stringify(result)}`)
    }),
  ])
  let timers: readonly NodeJS.Timeout[] = []
  try {
    await work()
  } finally {
    // The program would end this process if its stop took too long.
    const timeouts = vi.spyOn(globalThis, 'setTimeout')
    for (const each of process.listeners('SIGTERM')) if (!others.includes(each)) each('SIGTERM')
    timers = timeouts.mock.results.map(({ value }) => value as NodeJS.Timeout)
    timeouts.mockRestore()
    await running
    for (const timer of timers) clearTimeout(timer)
  }
  return running
}

/** Replaces a property. Returns a function that restores it. */
function replaced(object: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name)
  Object.defineProperty(object, name, { value, configurable: true, writable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name)
    else Object.defineProperty(object, name, before)
  }
}
