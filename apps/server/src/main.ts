import { CloakwrightError } from 'cloakwright'
import { loadConfig } from './config/index.ts'
import { createLogger } from './log/index.ts'
import { readyText } from './ready.ts'
import { createServer } from './server.ts'

/** Milliseconds after which a stop that hangs is forced. */
const lastResortMs = 9500
/** Milliseconds within which a second signal counts as a duplicate of the first. */
const doubledMs = 1000

await main()

async function main(): Promise<void> {
  const stopping = new AbortController()
  const starting = start(stopping.signal)
  let asked = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) {
        // A second signal forces the stop. But one Ctrl+C arrives twice at once, from the terminal and through npm.
        if (performance.now() - asked > doubledMs) process.exit(1)
        return
      }
      asked = performance.now()
      stopping.abort(new Error(`stopped by ${signal}`))
      setTimeout(() => process.exit(1), lastResortMs).unref()
      starting
        .then((server) => server?.close())
        .then(
          () => process.exit(),
          () => process.exit(1),
        )
    })
  }
  await starting
}

async function start(signal: AbortSignal) {
  try {
    const config = loadConfig(process.env)
    const logger = createLogger(config.logLevel)
    for (const variable of config.unknownVariables)
      logger.warn({ variable }, 'unknown variables have no effect: check their names')
    const say = (message: string): void => (config.production ? logger.warn(message) : console.error(message))
    const server = await createServer(config, { logger, say, signal, admin: config.administrator })
    const milliseconds = Math.round(performance.now())
    if (config.production) logger.info({ milliseconds, url: config.publicUrl }, 'ready')
    else console.log(readyText(config, milliseconds))
    return server
  } catch (error) {
    if (!signal.aborted) report(error)
    // Clean shutdown on a signal.
    process.exit(signal.aborted ? 0 : 1)
  }
}

function report(error: unknown): void {
  if (!(error instanceof CloakwrightError)) {
    console.error('The server did not start:', error)
    return
  }
  console.error(`The server did not start (${error.code}):\n\n${indent(error.message)}`)
  if (error.hint !== undefined) console.error(`\nNext step:\n\n${indent(error.hint)}`)
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ')
}
