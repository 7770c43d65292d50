/**
 * `node scripts/run.mjs [tool] [arguments]`: prepares the checkout, then runs a tool in this process, so it gets signals,
 * standard streams and the exit code directly. Without a tool it only prepares (`npm run build`).
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { endWithNpm } from './lib/processes.mjs'
import { main, Problem } from './lib/program.mjs'
import { root } from './lib/root.mjs'
import { prepare } from './prepare.mjs'

const tools = {
  cloakwright: 'packages/cli/dist/main.js',
  vitest: 'node_modules/vitest/vitest.mjs',
}

const [tool, ...args] = process.argv.slice(2)

endWithNpm()
await main(async () => {
  await prepare()
  if (tool === undefined) return
  const script = tool === 'node' ? args.shift() : tools[tool]
  if (script === undefined) {
    throw new Problem(`unknown tool ${tool}`, `Use one of: node <script>, ${Object.keys(tools).join(', ')}`)
  }
  const path = tool === 'node' ? resolve(script) : resolve(root, script)
  process.argv = [process.execPath, path, ...args]
  if (path.endsWith('.ts')) (await import('tsx/esm/api')).register()
  await import(pathToFileURL(path).href)
})
