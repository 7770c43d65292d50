import { CommanderError } from 'commander'
import { vi } from 'vitest'
import { exitCode, UsageError } from '../../src/exit.ts'
import { createProgram } from '../../src/program/program.ts'
import { printError } from '../../src/terminal/output.ts'

/** Runs a command in this process: no start to wait for. One at a time; main.ts alone is not in it. */
export async function runHere(args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const output = { stdout: '', stderr: '' }
  const taking = (name: keyof typeof output) =>
    vi.spyOn(process[name], 'write').mockImplementation((part) => {
      output[name] += typeof part === 'string' ? part : Buffer.from(part).toString()
      return true
    })
  const spies = [taking('stdout'), taking('stderr')]
  const signals = ['SIGINT', 'SIGTERM'] as const
  const listeners = signals.map((name) => process.listeners(name))
  const environment = process.env
  const kept = Object.entries(environment).filter(([name]) => !/^(?:KEYCLOAK|KC|CLOAKWRIGHT)_/.test(name))
  // A build server forces colours on the tests.
  process.env = { ...Object.fromEntries(kept), NO_COLOR: '1', ...variables }
  process.exitCode = undefined
  let code: number
  try {
    const program = createProgram()
    await program.parseAsync([...args], { from: 'user' })
    code = Number(process.exitCode ?? exitCode.done)
  } catch (error) {
    if (error instanceof CommanderError) code = error.exitCode === 0 ? exitCode.done : exitCode.usage
    else {
      printError(error)
      code = error instanceof UsageError ? exitCode.usage : exitCode.failed
    }
  } finally {
    process.env = environment
    process.exitCode = undefined
    // A job leaves its own.
    for (const [at, name] of signals.entries())
      for (const each of process.listeners(name))
        if (listeners[at]?.includes(each) !== true) process.removeListener(name, each)
    for (const spy of spies) spy.mockRestore()
  }
  return { code, ...output }
}
