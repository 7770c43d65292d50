import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder, nodes, run } from './support.ts'

// Nest's own starter: Jest 30 and ts-jest, in CommonJS.

const home = join(folder, 'jest')
const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const [line] = /^transformIgnorePatterns: .*$/m.exec(readme) ?? []

const shop = `
import { Controller, Get, Module } from '@nestjs/common'
import { createVerifier } from 'cloakwright'
import { CloakwrightModule, RequireUser } from 'cloakwright/nest'

@Controller()
class Orders {
  @Get()
  @RequireUser()
  list() {
    return []
  }
}

const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })

@Module({ imports: [CloakwrightModule.forRoot({ verifier })], controllers: [Orders] })
export class Shop {}
`

const spec = `
import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { fakeAccessToken } from 'cloakwright/testing'
import { Shop } from './shop'

it('starts a module and creates a token', async () => {
  const app = await NestFactory.create(Shop, { logger: false })
  await app.init()
  await app.close()
  expect(fakeAccessToken({ preferred_username: 'alice' }).username).toBe('alice')
})
`

const compilerOptions = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  esModuleInterop: true,
  isolatedModules: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  target: 'ES2023',
  strict: true,
  skipLibCheck: true,
}

describe.each(nodes)('on Node $version', ({ version, path }) => {
  test('Jest runs a test with the line of the README', async () => {
    expect(line).toBeDefined()
    const project = join(home, `jest-${version}`)
    mkdirSync(project, { recursive: true })
    writeFileSync(join(project, 'shop.ts'), shop)
    writeFileSync(join(project, 'shop.spec.ts'), spec)
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
    writeFileSync(
      join(project, 'jest.config.js'),
      `module.exports = {
        testRegex: '.*\\\\.spec\\\\.ts$',
        transform: { '^.+\\\\.(t|j)s$': 'ts-jest' },
        testEnvironment: 'node',
        ${line}
      }`,
    )
    const { code, stderr } = await run(path, [join(home, 'node_modules/jest/bin/jest.js'), '--ci'], project)
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('1 passed') })
  })
})
