import { type Browser, chromium } from 'playwright-core'

/** Starts Chromium, whose program `npm run test:browser` names. */
export async function startChromium(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH']
  if (executablePath === undefined) throw new Error('CHROMIUM_PATH is unset: run npm run test:browser')
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
}
