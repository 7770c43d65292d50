import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { routesIn } from './routes.mjs'

/**
 * Starts the realm that is tried, on a folder.
 *
 * @param {string} folder
 * @param {(stack: string) => void} onFault called with each error that the realm logs
 */
export async function startServer(folder, onFault) {
  const child = fork(fileURLToPath(new URL('realm.mjs', import.meta.url)), [folder], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  // Its loop may spin: then it hears nothing, neither a signal nor that this process is gone.
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
    /** Why the process is no more; `undefined` while it runs. */
    death: () => ended,
    /** Bytes of resident memory; `undefined` where the system does not tell. */
    memory() {
      try {
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024
      } catch {
        return undefined
      }
    },
    /** Milliseconds that the process has run on a processor; `undefined` where the system does not tell. */
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
