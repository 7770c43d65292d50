import { expect, it } from 'vitest'
import { createDevRealm } from '../../../src/index.ts'

const executor = {
  executor: 'secret-rotation',
  configuration: {
    'expiration-period': 100,
    'rotated-expiration-period': 10,
    'remaining-rotation-period': 10,
  },
}

it.each([
  ['nothing', {}, false],
  ['client-secret-rotation', { features: ['client-secret-rotation'] as const }, true],
])('has two live secrets, as in a Keycloak with this feature: %s', async (_, options, isOn) => {
  const realm = await createDevRealm(options)
  const login = await realm.app.inject({
    method: 'POST',
    url: '/realms/master/protocol/openid-connect/token',
    headers: { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'grant_type=password&client_id=admin-cli&username=admin&password=admin',
  })
  const headers = { host: 'localhost', authorization: `Bearer ${login.json<Token>().access_token}` }

  const info = await realm.app.inject({ url: '/admin/serverinfo', headers })
  expect(info.json<Info>().features).toContainEqual(
    expect.objectContaining({ name: 'CLIENT_SECRET_ROTATION', enabled: isOn }),
  )
  const profile = await realm.app.inject({
    method: 'PUT',
    url: '/admin/realms/master/client-policies/profiles',
    headers: { ...headers, 'content-type': 'application/json' },
    payload: JSON.stringify({ profiles: [{ name: 'rotation', executors: [executor] }] }),
  })
  expect(profile.statusCode).toBe(isOn ? 204 : 400)
  await realm.close()
})

interface Token {
  readonly access_token: string
}

interface Info {
  readonly features: readonly { name: string; enabled: boolean }[]
}
