/** System programs that a test run needs, and their installation. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from './processes.mjs'
import { Problem } from './program.mjs'

/** Whether a program exists and runs. */
export function runs(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/**
 * Installs what is missing if this process can (root on Debian and derivatives); otherwise prints how to. Each need is `{ name,
 * found: () => boolean, package }`.
 */
export async function provide(needs) {
  const missing = needs.filter((need) => !need.found())
  if (missing.length === 0) return
  const packages = missing.map((need) => need.package)
  const names = missing.map((need) => need.name).join(', ')
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Problem(
      `missing: ${names}`,
      `Install them. On Debian: sudo apt-get install ${packages.join(' ')}`,
    )
  }
  console.error(`Installing ${names} (apt-get)…`)
  await apt('update', '-q')
  await apt('install', '-q', '-y', '--no-install-recommends', ...packages)
  const still = missing.filter((need) => !need.found()).map((need) => need.name)
  if (still.length > 0) {
    throw new Problem(`still missing: ${still.join(', ')}`, `Install ${packages.join(' ')}, then try again`)
  }
}

const pauses = [5, 15, 30]

async function apt(...args) {
  for (let attempt = 0; ; attempt++) {
    const code = await run('apt-get', args, {
      // In runlevel 1 packages start no services: the tests start them.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    })
    if (code === 0) return
    const seconds = pauses[attempt]
    if (seconds === undefined) {
      throw new Problem(
        `apt-get ${args[0]} failed; see its messages above`,
        'Check the network, then try again',
      )
    }
    console.error(`apt-get ${args[0]} failed with code ${code}; trying again in ${seconds} s`)
    await pause(seconds * 1000)
  }
}

/** Where Chromium is installed, if `CHROMIUM_PATH` does not say it. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
]

/** The program of Chromium; `undefined` if there is none. */
export function chromium() {
  return process.env.CHROMIUM_PATH ?? places.find((path) => existsSync(path))
}
