import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { routesIn } from './routes.mjs'

/**
 * Starts the realm under test on a folder.
 *
 * @param {string} folder
 * @param {(stack: string) => void} onFault called with each error that the realm logs
 */
export async function startServer(folder, onFault) {
  const child = fork(fileURLToPath(new URL('realm.mjs', import.meta.url)), [folder], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  // If its event loop spins, it notices neither a signal nor the exit of this process.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let output = ''
  child.stderr.on('data', (data) => (output = (output + data).slice(-4_000)))
  let ended
  const exit = once(child, 'exit').then(([code, signal]) => {
    ended = `the realm process exited (${signal ?? `code ${code}`})\n${output}`
  })
  const first = await Promise.race([once(child, 'message').then(([message]) => message), exit])
  if (first === undefined) throw new Error(ended)
  child.on('message', ({ fault }) => onFault(fault))
  return {
    port: first.port,
    routes: routesIn(first.routes),
    /** Why the process exited; `undefined` while it runs. */
    death: () => ended,
    /** Resident memory in bytes; `undefined` if unknown. */
    memory() {
      try {
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024
      } catch {
        return undefined
      }
    },
    /** CPU time of the process in milliseconds; `undefined` if unknown. */
    processorTime() {
      try {
        const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')
        return (Number(fields[11]) + Number(fields[12])) * 10
      } catch {
        return undefined
      }
    },
    kill,
    async stop() {
      process.off('exit', kill)
      if (ended !== undefined) return
      child.kill('SIGTERM')
      const timer = setTimeout(kill, 20_000)
      await exit
      clearTimeout(timer)
    },
  }
}
