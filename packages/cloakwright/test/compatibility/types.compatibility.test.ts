import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { frameworks, run } from './support.ts'

// A compiler sees the package as other people's do: with their settings, without ours, and with its declarations checked.

const compilers = {
  'TypeScript 5.9': join(frameworks, 'node_modules/typescript5/bin/tsc'),
  'TypeScript 7': join(import.meta.dirname, '../../../../node_modules/typescript/bin/tsc'),
}

const imports = `
import { type AccessToken, createVerifier } from 'cloakwright'
import { requireUser, userOf } from 'cloakwright/express'
import { requireRole } from 'cloakwright/fastify'
import { requireScope } from 'cloakwright/hono'
import Keycloak from 'cloakwright/keycloak-connect'
import { CloakwrightModule } from 'cloakwright/nest'
import { createSessions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { cloakwright } from 'cloakwright/web'
import { createUpgradeGuard } from 'cloakwright/websocket'
export const all = [userOf, requireUser, requireRole, requireScope, CloakwrightModule, createSessions, memorySessionStore, cloakwright, createUpgradeGuard]
export const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
export const verified: Promise<AccessToken> = verifier.verify('')
const keycloak: Keycloak.Keycloak = new Keycloak({}, { realm: 'shop' })
export const guard = keycloak.protect((token: Keycloak.Token) => token.hasRole('realm:admin'))
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

interface Project {
  /** What older compilers can't do. */
  readonly only?: string
  readonly file: string
  readonly source: string
  readonly options: Record<string, unknown>
}

const projects: Record<string, Project> = {
  'import in .mts': { file: 'service.mts', source: imports, options: { module: 'nodenext' } },
  'import in .cts': { file: 'service.cts', source: imports, options: { module: 'nodenext' } },
  'require in .cts': { file: 'service.cts', source: requires, options: { module: 'nodenext' } },
  'module node20': {
    file: 'service.cts',
    source: requires,
    options: { module: 'node20' },
    only: 'TypeScript 7',
  },
  // Its require() is that of a Node without modules: TypeScript wants nodenext for that.
  'module node16, in ES modules': {
    file: 'service.mts',
    source: imports,
    options: { module: 'node16' },
    only: 'TypeScript 7',
  },
  'module commonjs': {
    file: 'service.ts',
    source: imports,
    options: { module: 'commonjs', moduleResolution: 'bundler' },
    only: 'TypeScript 7',
  },
  'a bundler': {
    file: 'service.ts',
    source: imports,
    options: { module: 'esnext', moduleResolution: 'bundler' },
  },
}

async function compile(compiler: string, name: string, { file, source, options }: Project): Promise<string> {
  const folder = join(frameworks, `types-${name}`.replaceAll(/\W/g, '-'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, file), source)
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', types: ['node'], ...options }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  const { stdout, stderr } = await run(process.execPath, [compiler, '-p', folder], folder)
  return stdout + stderr
}

describe.each(Object.entries(compilers))('%s', (name, compiler) => {
  const possible = Object.entries(projects).filter(([, { only = name }]) => only === name)

  test.each(possible)('compiles: %s', async (project, details) => {
    expect(await compile(compiler, `${name} ${project}`, details)).toBe('')
  })

  test('tells mistakes', async () => {
    const project = { file: 'service.mts', source: mistakes, options: { module: 'nodenext' } }
    const output = await compile(compiler, `${name} mistakes`, project)
    expect(output.match(/error TS\d+/g)).toHaveLength(2)
  })
})
