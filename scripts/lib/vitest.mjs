/** Runs Vitest in a separate process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root } from './root.mjs'

/** Vitest's exit code; when the signal aborts, Vitest is ended first. */
export async function runVitest(config, args, variables, signal) {
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', join(root, config), ...args],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      cwd: root,
      env: { ...process.env, ...variables },
      detached: true,
    },
  )
  // Its workers and the servers of its tests are in its process group.
  const end = () => process.kill(-(child.pid ?? 0), 'SIGTERM')
  signal.addEventListener('abort', end)
  const [code] = await once(child, 'exit')
  signal.removeEventListener('abort', end)
  return code ?? 1
}

/** Aborts at the first SIGINT or SIGTERM; later signals have no effect. */
export function abortedBySignals() {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)))
  }
  return controller.signal
}
