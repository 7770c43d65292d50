/** Child processes: forwards signals to them and returns their exit codes. */
import { spawn } from 'node:child_process'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a command to its end with output on standard error, and returns its exit code. A signal is forwarded, and ends this
 * process once the command has ended.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 2, 2], ...options })
    let received
    const forward = (signal) => {
      received = signal
      child.kill(signal)
    }
    for (const signal of signals) process.on(signal, forward)
    const release = () => {
      for (const signal of signals) process.off(signal, forward)
    }
    child.once('error', (error) => {
      release()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      release()
      if (received !== undefined) process.kill(process.pid, received)
      resolve(code ?? `signal ${signal}`)
    })
  })
}

/** The command that runs npm, and its arguments. */
export function npmCommand(...args) {
  // Under npm this is the calling npm; a bare `npm` cannot be spawned on Windows.
  const script = process.env.npm_execpath
  return script?.endsWith('.js') === true ? [process.execPath, [script, ...args]] : ['npm', args]
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/**
 * Ends this process when the npm that started it is gone. npm forwards a signal to its shell, and not every shell forwards it;
 * a killed npm forwards nothing. Outside npm a parent may end first.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, 250)
  timer.unref()
}
