import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { real, startServer } from './support/environment.ts'

/** On the real Keycloak and PostgreSQL only: production does not allow the embedded ones. */
const production = {
  NODE_ENV: 'production',
  SESSION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  KEYCLOAK_CLIENT_SECRET: randomBytes(20).toString('hex'),
}
const paths = ['/metrics', '/docs', '/docs/json', '/docs/yaml', '/health/live', '/health/ready']

test.runIf(real).each([
  [undefined, [404, 404, 404, 404, 200, 200]],
  ['metrics', [200, 404, 404, 404, 200, 200]],
  ['docs,metrics', [200, 200, 200, 200, 200, 200]],
])('in production with EXPOSE=%s', async (exposed, statuses) => {
  const server = await startServer({ ...production, EXPOSE: exposed })
  try {
    const answers = await Promise.all(paths.map(async (path) => (await server.request(path)).status))
    expect(answers).toEqual(statuses)
  } finally {
    await server.close()
  }
})
