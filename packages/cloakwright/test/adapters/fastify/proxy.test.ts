import { expect, test } from 'vitest'
import { startProxiedService, startProxy } from '../support/proxied.ts'

type Change = Parameters<typeof startProxy>[0]

const bare: Change = (headers, upstream) => ({ ...headers, host: upstream })
const forwarding: Change = (headers, upstream) => ({
  ...headers,
  host: upstream,
  'x-forwarded-host': headers['host'] ?? '',
  'x-forwarded-proto': 'https',
})
const passing: Change = (headers) => headers

test.each([
  ['that hides the host', bare, false, ['CW_PROXY_HOST']],
  ['that hides the host, and is trusted', bare, true, ['CW_PROXY_HOST']],
  ['that forwards the host, and is not trusted', forwarding, false, ['CW_PROXY_HOST']],
  ['that forwards the host, and is trusted', forwarding, true, []],
  ['that passes the host on', passing, false, []],
] as const)(
  'behind a proxy %s a user signs in and stays signed in',
  async (_what, change, trustProxy, reported) => {
    const proxy = await startProxy(change)
    const service = await startProxiedService(proxy.port, trustProxy)
    proxy.leadTo(service.port)
    const first = await service.open('/log?day=7')
    expect([first.status, first.body]).toEqual([200, { user: 'sub-alice' }])
    expect(first.visited.at(-1)).toBe(`${service.publicUrl}/log?day=7`)
    expect((await service.open('/log')).visited).toHaveLength(1)
    expect(service.reported).toEqual(reported)
  },
)
