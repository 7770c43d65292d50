/** Child processes that never outlive their parent's purpose: signals go on to them, exit codes come back. */
import { spawn } from 'node:child_process'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a command to its end, its output on our standard error, and gives its exit code. A signal that comes
 * meanwhile is handed on, and ends this process too once the command has ended.
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
  // Under npm this is the npm that runs us; a bare `npm` cannot be spawned on Windows.
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
 * Ends this process when the npm that started it is gone. npm hands a signal on to the shell between it and us,
 * and not every shell hands it on; a killed npm hands on nothing. Outside npm a parent may well end first.
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
