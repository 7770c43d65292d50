/**
 * `npm run test:compatibility [vitest's arguments]`: the packages as npm publishes them, in other services: on other versions
 * of Node, from CommonJS and from ES modules, with NestJS 11 and Express 4, compiled by TypeScript 5.4 to 7 with the types of
 * Node 20 to 26, in Jest, and built by Next.js 15 and 16. Downloads are kept in `.cache/compatibility/`; the services are
 * reinstalled for each run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { npmCommand } from './lib/processes.mjs'
import { main, Problem } from './lib/program.mjs'
import { root } from './lib/root.mjs'
import { runs } from './lib/system.mjs'
import { abortedBySignals, runVitest } from './lib/vitest.mjs'

/** The oldest supported version and the newest current ones, in addition to the running Node. */
const nodeVersions = ['20.19.0', '22.23.3', '24.21.0']

/** The platform name in npm's packages of the Node binary. */
const platform = { win32: 'win' }[process.platform] ?? process.platform

/** Same as in this repository: later ones do not run on Node 20. */
const overrides = {
  'light-my-request': '6.6.0',
  '@fastify/static': '10.1.3',
  '@whatwg-node/promise-helpers': '^1',
  'file-type': '^21',
}

const pauses = [5, 15, 30]

const packed = ['packages/cloakwright', 'packages/admin', 'packages/devrealm']
const { version } = JSON.parse(readFileSync(join(root, 'packages/cloakwright/package.json'), 'utf8'))

const react = { react: '19.3.1', 'react-dom': '19.3.1', '@types/react': '19.3.3', '@types/node': '22.20.7' }
const nestApplication = {
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  '@nestjs/platform-express': '11.2.10',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
}

/** A version of Nest with GraphQL and gateways. */
const nest = (version, graphql) => ({
  ...Object.fromEntries(
    [
      'common',
      'core',
      'platform-express',
      'platform-fastify',
      'platform-socket.io',
      'platform-ws',
      'websockets',
    ].map((name) => [`@nestjs/${name}`, `^${version}`]),
  ),
  '@nestjs/graphql': graphql,
  '@nestjs/mercurius': `^${graphql.split('.')[0]}`,
  graphql: '16.15.0',
  mercurius: '16.10.1',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
  'socket.io-client': '4.8.4',
  ws: '8.23.0',
})

/** The dependencies of each service in addition to `cloakwright`. */
const services = {
  core: {},
  jest: {
    ...nestApplication,
    '@types/jest': '30.0.0',
    jest: '30.5.2',
    'ts-jest': '29.4.15',
    typescript: '5.9.3',
  },
  next15: { ...react, next: '15.5.29', 'openid-client': '6.9.0', typescript: '5.9.3' },
  next16: { ...react, next: '16.4.6', 'openid-client': '6.9.0', typescript: '5.9.3' },
  frameworks: {
    ...nestApplication,
    ...packages('@cloakwright/admin', '@cloakwright/devrealm'),
    '@opentelemetry/api': '1.9.0',
    '@types/express': '5.0.6',
    '@types/node': '20.19.43',
    express: '5.3.0',
    express4: 'npm:express@4.22.3',
    fastify: '5.12.8',
    hono: '4.13.19',
    'openid-client': '6.9.0',
    // The tests replace the ones above with these.
    'types-express-4': 'npm:@types/express@4.17.25',
    'types-node-22': 'npm:@types/node@22.20.7',
    'types-node-24': 'npm:@types/node@24.19.4',
    'types-node-26': 'npm:@types/node@26.6.7',
    'typescript-5.4': 'npm:typescript@5.4.5',
    'typescript-5.9': 'npm:typescript@5.9.3',
  },
  nest11: {
    ...nest('11.2.0', '13.4.5'),
    '@apollo/server': '5.5.1',
    '@as-integrations/express5': '1.1.2',
    '@nestjs/apollo': '13.4.5',
  },
  nest12: nest('12.0.0', '14.0.3'),
}

await main(async () => {
  const signal = abortedBySignals()
  const cache = join(root, '.cache/compatibility')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'run-'))
  let code = 1
  try {
    const nodes = [{ version: process.versions.node, path: process.execPath }]
    const workspaces = packed.flatMap((name) => ['--workspace', name])
    await npm(['pack', '--silent', '--pack-destination', folder, ...workspaces], root, signal)
    // Side by side: most of the time goes into waiting for the registry.
    const installs = Object.entries(services).map(([name, dependencies]) => {
      const all = { ...dependencies, ...packages('cloakwright') }
      return install(join(folder, name), { private: true, dependencies: all, overrides }, signal)
    })
    const binaries = nodeVersions.map(async (version) => {
      const path = await provideNode(version, cache, signal)
      if (path !== undefined) nodes.push({ version, path })
    })
    // Each comes to its end before the folder is removed.
    const ended = await Promise.allSettled([...installs, ...binaries])
    const failed = ended.find(({ status }) => status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const variables = { COMPATIBILITY: JSON.stringify({ nodes, folder }) }
    code = await runVitest('vitest.compatibility.config.ts', process.argv.slice(2), variables, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  process.exit(signal.aborted ? 1 : code)
})

/** These packages of the repository as dependencies, from their tarballs. */
function packages(...names) {
  const archive = (name) => `file:../${name.replace('@', '').replace('/', '-')}-${version}.tgz`
  return Object.fromEntries(names.map((name) => [name, archive(name)]))
}

/** The path of that Node, installed on first use; undefined if npm has none for this platform. */
async function provideNode(version, cache, signal) {
  const folder = join(cache, `node-${version}`)
  const name = `node-${platform}-${process.arch}`
  const path = join(folder, 'node_modules', name, 'bin', platform === 'win' ? 'node.exe' : 'node')
  if (runs(path, '--version')) return path
  // The package `node` selects one of these in an install script, which npm may not run.
  try {
    await install(folder, { private: true, dependencies: { [name]: version } }, signal)
    return path
  } catch (error) {
    if (!/E404|ETARGET/.test(error.output ?? '')) throw error
    console.error(`NOT TESTED on Node ${version}: npm has no ${name} ${version}`)
    return undefined
  }
}

async function install(folder, manifest, signal) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  // Ignores the settings of the calling npm: `silent`, which hides errors, and this repository's settings.
  const settings = [
    '--loglevel=error',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--ignore-scripts',
    '--prefer-offline',
  ]
  for (let attempt = 0; ; attempt++) {
    try {
      return await npm(['install', '--no-save', ...settings], folder, signal)
    } catch (error) {
      const seconds = pauses[attempt]
      if (seconds === undefined || signal.aborted || /E404|ETARGET/.test(error.output ?? '')) throw error
      console.error(`npm install failed; trying again in ${seconds} s`)
      await pause(seconds * 1000, undefined, { signal })
    }
  }
}

async function npm(args, cwd, signal) {
  signal.throwIfAborted()
  const [command, all] = npmCommand(...args)
  const child = spawn(command, all, { cwd, stdio: ['ignore', 'ignore', 'pipe'], signal })
  let output = ''
  child.stderr.on('data', (chunk) => (output += chunk))
  const [code] = await once(child, 'close')
  if (code === 0) return
  const problem = new Problem(
    `npm ${args[0]} failed with code ${code}:\n${output}`,
    'Check the network and `npm config list`, then try again',
  )
  throw Object.assign(problem, { output })
}
