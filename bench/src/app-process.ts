import { fork } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('apps/main.ts', import.meta.url))

/** An application under test in a separate process. */
export interface AppProcess {
  readonly origin: string
  /** CPU time of all threads of the process, in microseconds; 0 if unknown. */
  processorTime(): Promise<number>
  /** Resident memory of the process in bytes; 0 if unknown. */
  memory(): Promise<number>
  stop(): Promise<void>
}

/**
 * Starts one of the applications in `apps/`. It ends when it is stopped, or when this process exits.
 *
 * @param settings Settings of the application in addition to its issuer.
 */
export async function startApp(
  name: string,
  issuer: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<AppProcess> {
  const child = fork(entry, [name, issuer], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...settings },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(Number(message)))
    child.once('exit', (code) => reject(new Error(`${name} exited with code ${code} before it listened`)))
    child.once('error', reject)
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    processorTime: () =>
      new Promise((resolve) => {
        child.once('message', (message) => resolve(Number(message)))
        child.send('processor time')
      }),
    memory: () =>
      new Promise((resolve) => {
        child.once('message', (message) => resolve(Number(message)))
        child.send('memory')
      }),
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Waits for the first 2xx response of a process that was started, for at most 30 seconds. */
export async function untilListening(url: string): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const ready = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (ready) return
    if (performance.now() > deadline) throw new Error(`${url} did not respond within 30 s`)
    await pause(50)
  }
}
