import { isLoopback } from 'cloakwright'
import { expect, test } from 'vitest'
import { toReturnTo } from '../../src/session/return-to.ts'

/** So many calls that V8 optimizes what it calls: URL.canParse of Node 20 refuses `ü` from then on. */
const calls = 20_000

test('a URL with a Latin-1 character is still one after many calls', () => {
  for (let call = 0; call < calls; call += 1) {
    if (!isLoopback('http://bücher.localhost')) expect.fail(`refused on call ${call}`)
  }
})

test('a path with a Latin-1 character is still returned to after many logins', () => {
  const here = { publicOrigin: 'https://app.example.com', basePath: '/auth' }
  const returned = new Set<string>()
  for (let call = 0; call < calls; call += 1) {
    returned.add(toReturnTo('/bücher?q=größe', here))
  }
  expect([...returned]).toEqual(['/b%C3%BCcher?q=gr%C3%B6%C3%9Fe'])
})
