/** `npm run test:browser [vitest's arguments]`: the login flows in Chromium, which it installs if it can. */
import { main } from './lib/program.mjs'
import { chromium, provide } from './lib/system.mjs'
import { abortedBySignals, runVitest } from './lib/vitest.mjs'

await main(async () => {
  const signal = abortedBySignals()
  await provide([{ name: 'Chromium', found: () => chromium() !== undefined, package: 'chromium' }])
  const variables = { CHROMIUM_PATH: chromium() }
  process.exit(await runVitest('vitest.browser.config.ts', process.argv.slice(2), variables, signal))
})
