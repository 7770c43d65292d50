import {
  createRevocations,
  createVerifier,
  type GuardOptions,
  type Revocations,
  type VerifierOptions,
} from 'cloakwright'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../../support/issuer.ts'
import type { Driver, Logged, Route, Service } from '../drivers/types.ts'
import { bearer, type Received, type Sent, send } from './client.ts'
import { mounted, routes } from './routes.ts'

/** A value that is in every token and nowhere else. */
export const secret = 'SECRET5d2c'

export const keys = {
  elliptic: makeKey('one', 'ES256'),
  rsa: makeKey('two'),
  unknown: makeKey('three', 'ES256'),
}

/** How this service differs from the usual one. */
export interface Change {
  readonly verifier?: Partial<VerifierOptions>
  readonly guard?: Partial<GuardOptions>
  readonly routes?: readonly Route[]
  readonly usualLog?: boolean
}

/** A service on the adapter under test, the realm that it trusts, and a client. */
export interface World {
  readonly driver: Driver
  readonly issuer: TestIssuer
  readonly service: Service
  readonly revocations: Revocations
  sign(change?: Record<string, unknown>): Promise<string>
  send(path: string, sent?: Sent): Promise<Received>
  /** Sends a request with a bearer token; the usual one by default. */
  sendToken(path: string, token?: string, sent?: Sent): Promise<Received>
  /** The refusals logged since the start of the test. */
  logged(): readonly Logged[]
}

/** Starts the service for the tests of the current suite. */
export function useWorld(driver: Driver, change: (issuer: TestIssuer) => Change = () => ({})): World {
  const world: { -readonly [Member in keyof World]?: World[Member] } = { driver }
  let start = 0
  let usual: string
  const sign: World['sign'] = (claims) =>
    signClaims(keys.elliptic, claimsOf(world.issuer?.issuer ?? '', { secret, ...claims }))

  beforeAll(async () => {
    const issuer = await startIssuer([keys.elliptic.jwk, keys.rsa.jwk])
    const revocations = createRevocations()
    const { verifier, guard, routes: more = [], usualLog = false } = change(issuer)
    // An unknown key waits for the next fetch of the keys: a second at least.
    const usualOptions = { issuer: issuer.issuer, audience: 'shop-api', keysCoolDown: 1, revocations }
    const options = { ...usualOptions, ...verifier }
    Object.assign(world, { issuer, revocations })
    usual = await sign()
    world.service = await driver.start({
      guard: { verifier: createVerifier(options as VerifierOptions), ...guard },
      routes: [...routes, ...more],
      mounted,
      usualLog,
    })
  })
  beforeEach(() => {
    start = driver.logs.length
  })
  afterAll(async () => {
    await world.service?.close()
    await world.issuer?.close()
  })

  const call: World['send'] = (path, sent) => send(world.service as Service, path, sent)
  return Object.assign(world, {
    sign,
    send: call,
    sendToken: async (path: string, token = usual, sent: Sent = {}) =>
      call(path, { ...sent, fields: [bearer(token), ...(sent.fields ?? [])] }),
    logged: () => driver.logs.slice(start),
  }) as World
}
