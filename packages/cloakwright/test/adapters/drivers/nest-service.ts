import type { AddressInfo } from 'node:net'
import { type INestApplication, Module, type ModuleMetadata } from '@nestjs/common'
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core'
import { createVerifier, type GuardOptions } from 'cloakwright'
import { afterAll, beforeAll } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../../support/issuer.ts'
import { bearer, send } from '../behaviour/client.ts'
import { toLogger } from './nest.ts'
import type { Logged, Service } from './types.ts'

/** Applies decorators to a method as TypeScript does; the first is the outermost. */
export function decorate(
  owner: new () => object,
  method: string,
  ...decorators: readonly MethodDecorator[]
): void {
  const descriptor = Object.getOwnPropertyDescriptor(owner.prototype, method) as PropertyDescriptor
  for (const decorator of decorators.toReversed()) {
    const replaced: unknown = decorator(owner.prototype as object, method, descriptor)
    if (replaced !== undefined) Object.assign(descriptor, replaced)
  }
  Object.defineProperty(owner.prototype, method, descriptor)
}

/** Nest applications of one test file, and the realm whose tokens they accept. */
export interface NestWorld {
  /** All log lines of the applications. */
  readonly logs: Logged[]
  readonly issuer: TestIssuer
  /** Module options that accept the realm's tokens. */
  options(): GuardOptions
  sign(claims?: Record<string, unknown>): Promise<string>
  /** Starts an application, on Express if there is no adapter. */
  start(
    metadata: ModuleMetadata,
    prepare?: (app: INestApplication) => void,
    adapter?: AbstractHttpAdapter,
  ): Promise<Service>
  /** Statuses of requests with an administrator's token, or with another one. */
  statuses(service: Service, paths: readonly string[], token?: string): Promise<number[]>
}

export const publicUrl = 'https://api.example.com'

/** Starts the realm before the file's tests, and stops it and all applications after them. */
export function useNest(): NestWorld {
  const key = makeKey('one', 'ES256')
  const apps: INestApplication[] = []
  const logs: Logged[] = []
  let issuer: TestIssuer
  let token: string
  beforeAll(async () => {
    issuer = await startIssuer([key.jwk])
    token = await signClaims(key, claimsOf(issuer.issuer))
  })
  afterAll(async () => {
    for (const app of apps) await app.close()
    await issuer.close()
  })
  return {
    logs,
    get issuer() {
      return issuer
    },
    options: () => ({
      verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop: { publicUrl } }),
    }),
    sign: (claims) => signClaims(key, claimsOf(issuer.issuer, claims)),
    async start(metadata, prepare = () => {}, adapter) {
      class Root {}
      Module(metadata)(Root)
      const settings = { logger: toLogger(logs), abortOnError: false } as const
      const app =
        adapter === undefined
          ? await NestFactory.create(Root, settings)
          : await NestFactory.create(Root, adapter, settings)
      apps.push(app)
      prepare(app)
      await app.listen(0, '127.0.0.1')
      return {
        port: (app.getHttpServer() as { address(): AddressInfo }).address().port,
        close: () => app.close(),
      }
    },
    async statuses(service, paths, other = token) {
      const found: number[] = []
      for (const path of paths)
        found.push((await send(service, path, { fields: other === '' ? [] : [bearer(other)] })).status)
      return found
    },
  }
}
