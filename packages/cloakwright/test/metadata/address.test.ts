import { isLoopback } from 'cloakwright'
import { expect, it } from 'vitest'

it.each([
  'http://localhost',
  'https://LOCALHOST:8443/realms/shop',
  'http://shop.localhost:8000',
  'http://127.0.0.1:8080',
  'http://127.8.9.10',
  'http://127.1',
  'http://0x7f.0.0.1',
  'http://[::1]:8080',
  'http://[0:0:0:0:0:0:0:1]',
])('%s is loopback', (url) => {
  expect([isLoopback(url), isLoopback(new URL(url))]).toEqual([true, true])
})

it.each([
  'http://localhost.example.com',
  'http://notlocalhost',
  'http://.localhost',
  'http://localhost.',
  'http://127.0.0.1.example.com',
  'http://example.com/127.0.0.1',
  'http://127.0.0.1@example.com',
  'http://128.0.0.1',
  'http://0.0.0.0',
  'http://10.0.0.1',
  'http://[::]',
  'http://[::ffff:127.0.0.1]',
  'http://[::1:1]',
])('%s is not', (url) => {
  expect([isLoopback(url), isLoopback(new URL(url))]).toEqual([false, false])
})

it.each(['', 'localhost', 'localhost:8080', '127.0.0.1', 'http://'])(
  'a string that is not a URL is not: %j',
  (text) => {
    expect(isLoopback(text)).toBe(false)
  },
)
