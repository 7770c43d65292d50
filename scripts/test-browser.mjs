/** `npm run test:browser [vitest's arguments]`: the login flows in Chromium, which it installs if it can. */
import { existsSync } from 'node:fs'
import { main } from './lib/program.mjs'
import { provide } from './lib/system.mjs'
import { abortedBySignals, runVitest } from './lib/vitest.mjs'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
]

function chromium() {
  return process.env.CHROMIUM_PATH ?? places.find((path) => existsSync(path))
}

await main(async () => {
  const signal = abortedBySignals()
  await provide([{ name: 'Chromium', found: () => chromium() !== undefined, package: 'chromium' }])
  const variables = { CHROMIUM_PATH: chromium() }
  process.exit(await runVitest('vitest.browser.config.ts', process.argv.slice(2), variables, signal))
})
