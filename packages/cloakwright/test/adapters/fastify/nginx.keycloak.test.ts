import { expect, onTestFinished, test } from 'vitest'
import { freePort, nginx, startNginx } from '../../support/nginx.ts'
import { startProxiedService } from '../support/proxied.ts'

// A real nginx in front of a service, with the first configuration in its manual: proxy_pass, and nothing else.

if (nginx === undefined) console.warn('nginx is not installed: logins behind it are not tested')

test.skipIf(nginx === undefined).each([
  ['proxy_pass alone', '', ['CW_PROXY_HOST']],
  ['the host passed on', 'proxy_set_header Host $http_host;', []],
  ['the host without its port', 'proxy_set_header Host $host;', []],
])('behind nginx with %s a user signs in', async (_what, directive, reported) => {
  const port = await freePort()
  const service = await startProxiedService(port)
  const location = `location / { proxy_pass http://127.0.0.1:${service.port}; ${directive} }`
  const proxy = await startNginx(port, `listen 127.0.0.1:${port}; ${location}`)
  onTestFinished(() => proxy.close())
  const page = await service.open('/log?day=7')
  expect([page.status, page.body]).toEqual([200, { user: 'sub-alice' }])
  expect(service.reported).toEqual(reported)
})
