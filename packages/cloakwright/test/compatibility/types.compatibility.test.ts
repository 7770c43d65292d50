import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { frameworks, type Outcome, run } from './support.ts'

// A compiler reads the package as in other projects: with their settings, not ours, and with its declarations checked.

const modules = join(frameworks, 'node_modules')
const compilers = {
  'TypeScript 5.4': join(modules, 'typescript-5.4/bin/tsc'),
  'TypeScript 5.9': join(modules, 'typescript-5.9/bin/tsc'),
  'TypeScript 7': join(import.meta.dirname, '../../../../node_modules/typescript/bin/tsc'),
}
type Compiler = keyof typeof compilers

const imports = `
import { type AccessToken, CloakwrightError, createVerifier } from 'cloakwright'
import { createBrowserSession } from 'cloakwright/browser'
import { requireUser, userOf } from 'cloakwright/express'
import { requireRole } from 'cloakwright/fastify'
import Keycloak from 'cloakwright/keycloak-connect'
import { takeLock } from 'cloakwright/lock'
import { CloakwrightModule } from 'cloakwright/nest'
import { openTelemetry } from 'cloakwright/opentelemetry'
import { createSessions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { fakeAccessToken } from 'cloakwright/testing'
import { cloakwright } from 'cloakwright/web'
import { createUpgradeGuard } from 'cloakwright/websocket'
export const all = [userOf, requireUser, requireRole, CloakwrightModule, openTelemetry, createSessions, memorySessionStore, cloakwright, createUpgradeGuard, takeLock, createBrowserSession]
export const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
export const verified: Promise<AccessToken> = verifier.verify('')
verified.catch((error: unknown) => {
  if (error instanceof CloakwrightError) console.log(fakeAccessToken().username, error.code.toLowerCase())
})
const keycloak: Keycloak.Keycloak = new Keycloak({}, { realm: 'shop', 'auth-server-url': 'https://sso.example.com', resource: 'shop-api' })
export const guard = keycloak.protect((token: Keycloak.Token) => token.hasRole('realm:admin'))
`

/** Hono's own declarations need TypeScript 5.7. */
const withHono = `${imports}
export { requireScope } from 'cloakwright/hono'
`

const requires = `
import core = require('cloakwright')
import express = require('cloakwright/express')
import Keycloak = require('cloakwright/keycloak-connect')
export const verifier: core.Verifier = core.createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
export const guards = [express.requireUser(), express.requireRole('admin')]
const keycloak: Keycloak.Keycloak = new Keycloak({}, { realm: 'shop' })
export const guard = keycloak.protect((token: Keycloak.Token) => token.hasRole('realm:admin'))
`

const mistakes = `
import { createVerifier } from 'cloakwright'
import Keycloak from 'cloakwright/keycloak-connect'
createVerifier({ issuer: 'https://sso.example.com/realms/shop' })
new Keycloak({}, { realm: 5 })
`

const otherPackages = `
import { createAdmin } from '@cloakwright/admin'
import { createAuditTrail } from '@cloakwright/admin/audit'
import { openUserFile } from '@cloakwright/admin/files'
import { importUsers } from '@cloakwright/admin/jobs'
import { defineRealm } from '@cloakwright/admin/realm'
import { rotateSecret } from '@cloakwright/admin/secrets'
import { createDevRealm } from '@cloakwright/devrealm'
import { openHome } from '@cloakwright/devrealm/home'
export const admin = [createAdmin, createAuditTrail, openUserFile, importUsers, defineRealm, rotateSecret]
export const devrealm = [createDevRealm, openHome]
`

const parameters = `
import express, { type RequestHandler } from 'express'
import { cloakwright, maybeUserOf, requireRole, requireUser, sendProblem, userOf } from 'cloakwright/express'
import Keycloak from 'cloakwright/keycloak-connect'
import { createVerifier } from 'cloakwright'

const keycloak = new Keycloak({}, { realm: 'shop' })
export const guards: RequestHandler[] = [requireUser(), keycloak.protect()]
const app = express()
app.use(cloakwright({ verifier: createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' }) }))
app.use(keycloak.middleware())
app.use('/admin', requireRole('admin'))
app.get('/ships/:id', requireUser(), (request, response) => {
  const id: string = request.params.id
  response.json({ id, user: userOf(request).username })
})
app.get('/ports/:port/berths/:berth', [requireUser(), requireRole('admin')], (request: express.Request<{ port: string; berth: string }>, response: express.Response) => {
  response.json({ port: request.params.port, user: maybeUserOf(request)?.username })
})
app.route('/old/:id').get(keycloak.protect('realm:admin'), (request, response) => {
  const id: string = request.params.id
  response.json({ id })
})
app.use(sendProblem)
`

const declared = `
import type { FormatError, ShownProblem } from 'cloakwright'
import * as express from 'cloakwright/express'
import * as fastify from 'cloakwright/fastify'
export const adminsOfExpress = express.requireRole('admin')
export const adminsOfFastify = fastify.requireRole('admin')
export const shown = (problem: Parameters<FormatError>[0]) => problem
export const statusOf = (problem: ShownProblem) => problem.status
`

interface Project {
  /** The compilers that can do this; all by default. */
  readonly only?: readonly Compiler[]
  readonly file: string
  readonly source: string
  readonly options: Record<string, unknown>
}

// The README (From CommonJS) has the limits of these, and the solution.
const newer: readonly Compiler[] = ['TypeScript 5.9', 'TypeScript 7']

const projects: Record<string, Project> = {
  'module commonjs': { file: 'service.ts', source: imports, options: { module: 'commonjs' } },
  'declarations of exports of its own': {
    file: 'service.mts',
    source: declared,
    options: { module: 'nodenext', declaration: true },
    only: newer,
  },
  'module nodenext, import in .mts': {
    file: 'service.mts',
    source: imports,
    options: { module: 'nodenext' },
  },
  'module nodenext, import in .cts': {
    file: 'service.cts',
    source: imports,
    options: { module: 'nodenext' },
    only: newer,
  },
  'module nodenext, require in .cts': {
    file: 'service.cts',
    source: requires,
    options: { module: 'nodenext' },
    only: newer,
  },
  'module node20, require in .cts': {
    file: 'service.cts',
    source: requires,
    options: { module: 'node20' },
    only: newer,
  },
  'module node16, import in .mts': { file: 'service.mts', source: imports, options: { module: 'node16' } },
  'a bundler': {
    file: 'service.ts',
    source: imports,
    options: { module: 'esnext', moduleResolution: 'bundler' },
  },
  'Hono, with module commonjs': {
    file: 'service.ts',
    source: withHono,
    options: { module: 'commonjs' },
    only: newer,
  },
  // The declarations of PGlite and of the official admin client do not compile with every compiler.
  'the other packages, with module commonjs': {
    file: 'service.ts',
    source: otherPackages,
    options: { module: 'commonjs', skipLibCheck: true },
  },
}

/** Writes the project into a folder of its own. */
function write({ file, source, options }: Project): string {
  const folder = mkdtempSync(join(frameworks, 'types-'))
  writeFileSync(join(folder, file), source)
  const compilerOptions = {
    strict: true,
    target: 'es2022',
    types: ['node'],
    esModuleInterop: true,
    outDir: 'out',
    rootDir: '.',
    ...options,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  return folder
}

function compile(compiler: Compiler, folder: string, ...flags: string[]): Promise<Outcome> {
  return run(process.execPath, [compilers[compiler], '-p', folder, ...flags], folder)
}

const accepted = { code: 0, stdout: '', stderr: '' }

describe.each(Object.keys(compilers) as Compiler[])('%s', (compiler) => {
  const possible = Object.entries(projects).filter(([, { only }]) => only?.includes(compiler) ?? true)

  test.concurrent.each(possible)('compiles: %s', async (_name, project) => {
    expect(await compile(compiler, write(project), '--noEmit')).toEqual(accepted)
  })

  test.concurrent('reports mistakes', async () => {
    const project = { file: 'service.mts', source: mistakes, options: { module: 'nodenext' } }
    const { stdout } = await compile(compiler, write(project), '--noEmit')
    expect(stdout.match(/error TS\d+/g)).toHaveLength(2)
  })
})

test.each(Object.keys(compilers) as Compiler[])(
  'the output of %s for module commonjs runs',
  async (compiler) => {
    const source = `import 'reflect-metadata'\n${imports}`
    const folder = write({ file: 'service.ts', source, options: { module: 'commonjs' } })
    expect(await compile(compiler, folder)).toEqual(accepted)
    const service = join(folder, 'out/service.js')
    expect(await run(process.execPath, [service], frameworks)).toEqual({
      code: 0,
      stdout: 'test-user cw_token_malformed\n',
      stderr: '',
    })
  },
)

/** Replaces the installed declarations with others; the installed ones are restored after the test. */
const replaced: string[] = []

function replaceTypes(name: string, alias: string): void {
  const path = join(modules, '@types', name)
  cpSync(path, `${path}.installed`, { recursive: true })
  replaced.push(path)
  rmSync(path, { recursive: true })
  cpSync(join(modules, alias), path, { recursive: true })
}

afterEach(() => {
  for (const path of replaced.splice(0)) {
    rmSync(path, { recursive: true })
    cpSync(`${path}.installed`, path, { recursive: true })
    rmSync(`${path}.installed`, { recursive: true })
  }
})

describe.each(newer)('%s', (compiler) => {
  // The tests above use the declarations of Node 20.
  test.each(['22', '24', '26'])('compiles with the types of Node %s', async (version) => {
    replaceTypes('node', `types-node-${version}`)
    const project = { file: 'service.mts', source: withHono, options: { module: 'nodenext' } }
    expect(await compile(compiler, write(project), '--noEmit')).toEqual(accepted)
  })

  test.each(['4', '5'])(
    'keeps request.params typed by the path, with the types of Express %s',
    async (version) => {
      if (version === '4') replaceTypes('express', 'types-express-4')
      const project = { file: 'service.mts', source: parameters, options: { module: 'nodenext' } }
      expect(await compile(compiler, write(project), '--noEmit')).toEqual(accepted)
    },
  )
})
