import { createDevRealm } from '@cloakwright/devrealm'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, it } from 'vitest'
import { Clock } from '../../support.ts'

it('accepts an assertion once only, throughout its lifetime', async () => {
  const clock = new Clock()
  const hostname = 'http://localhost:8080'
  await using devRealm = await openRealm(clock, hostname)
  const issuer = `${hostname}/realms/demo`
  const now = Math.floor(clock.read() / 1000)
  const { privateKey } = await keys
  // From a clock that is ahead by the allowed difference.
  const text = await new SignJWT({ iss: 'service', sub: 'service', aud: issuer, jti: 'once' })
    .setProtectedHeader({ alg: 'ES256', kid: 'key' })
    .setIssuedAt(now + 15)
    .setExpirationTime(now + 600)
    .sign(privateKey)
  const use = async (): Promise<string> => {
    const answer = await devRealm.app.inject({
      method: 'POST',
      url: '/realms/demo/protocol/openid-connect/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: text,
      }).toString(),
    })
    const { error_description: why } = answer.json<{ error_description?: string }>()
    return why ?? String(answer.statusCode)
  }
  expect(await use()).toBe('200')
  for (const seconds of [0, 60, 14, 1]) {
    clock.pass(seconds)
    expect(await use()).toBe('Token reuse detected')
  }
  clock.pass(1)
  expect(await use()).toBe('Token was issued too far in the past to be used now')
})

const keys = generateKeyPair('ES256', { extractable: true })

async function openRealm(clock: Clock, hostname: string) {
  const devRealm = await createDevRealm({ now: clock.read, hostname })
  const key = { ...(await exportJWK((await keys).publicKey)), kid: 'key', alg: 'ES256', use: 'sig' }
  await devRealm.importRealm({
    realm: 'demo',
    enabled: true,
    clients: [
      {
        clientId: 'service',
        publicClient: false,
        serviceAccountsEnabled: true,
        clientAuthenticatorType: 'client-jwt',
        attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys: [key] }) },
      },
    ],
  })
  return { ...devRealm, [Symbol.asyncDispose]: () => devRealm.close() }
}
