import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createDevRealm } from '../src/index.ts'
import { Browser, demo, openDemo } from './support.ts'

describe('createDevRealm', () => {
  it('listens on a free loopback port', async () => {
    await using devRealm = await openDemo()
    const url = await devRealm.listen()
    expect(url).toMatch(/^http:\/\/localhost:\d+$/)
    const discovery = await fetch(`${url}/realms/demo/.well-known/openid-configuration`)
    expect(await discovery.json()).toMatchObject({ issuer: `${url}/realms/demo` })
  })

  it('names the port that is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    await using devRealm = await openDemo()
    const { port } = other.address() as AddressInfo
    await expect(devRealm.listen({ port })).rejects.toMatchObject({
      code: 'CW_PORT_TAKEN',
      message: expect.stringContaining(String(port)) as string,
    })
    other.close()
  })

  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.com'])(
    'does not listen beyond loopback: %s',
    async (host) => {
      await using devRealm = await openDemo()
      await expect(devRealm.listen({ host })).rejects.toMatchObject({ code: 'CW_CONFIG_INSECURE' })
    },
  )

  it('takes its issuer from a loopback Host and rejects other hosts', async () => {
    await using devRealm = await openDemo()
    const browser = new Browser(devRealm)
    const path = '/realms/demo/.well-known/openid-configuration'
    for (const host of ['localhost:1', '127.0.0.1:2', '[::1]:3', 'app.localhost']) {
      const answer = await browser.send(path, undefined, { host })
      expect(answer.json().issuer).toBe(`http://${host}/realms/demo`)
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1',
      'a@b/c',
    ]) {
      expect((await browser.send(path, undefined, { host })).status).toBe(400)
    }
  })

  it('keeps a fixed hostname for every loopback Host and rejects other hosts', async () => {
    await using devRealm = await openDemo({ hostname: 'http://localhost:8080/' })
    const browser = new Browser(devRealm)
    const path = '/realms/demo/.well-known/openid-configuration'
    const answer = await browser.send(path, undefined, { host: '127.0.0.1:9' })
    expect(answer.json().issuer).toBe('http://localhost:8080/realms/demo')
    expect((await browser.send(path, undefined, { host: 'evil.example' })).status).toBe(400)
  })

  it('has the given administrator', async () => {
    const devRealm = await createDevRealm({ admin: { username: 'Root', password: 'toor' } })
    const browser = new Browser(devRealm)
    const sign = (username: string, password: string): Promise<{ status: number }> =>
      browser.send('/realms/master/protocol/openid-connect/token', {
        grant_type: 'password',
        client_id: 'admin-cli',
        username,
        password,
      })
    expect((await sign('root', 'toor')).status).toBe(200)
    expect((await sign('admin', 'admin')).status).toBe(400)
    await devRealm.close()
  })

  it('has a start page', async () => {
    await using devRealm = await openDemo()
    const { text } = await new Browser(devRealm).send('/')
    expect(text).toContain('not for production')
    expect(text).toContain('http://localhost:8080/realms/demo')
  })

  it('rejects a body that is too large', async () => {
    await using devRealm = await openDemo()
    const answer = await new Browser(devRealm).token({ grant_type: 'x'.repeat(3_000_000) })
    expect([answer.status, answer.text]).toEqual([413, '{"error":"HTTP 413 Request Entity Too Large"}'])
  })
})

describe('importRealm', () => {
  it.each([
    [null],
    ['demo'],
    [{}],
    [{ realm: 7 }],
    [{ realm: 'master' }],
    [{ realm: 'a/b' }],
    [{ realm: 'x', nonsense: 1 }],
  ])('rejects %j', async (representation) => {
    const devRealm = await createDevRealm()
    await expect(devRealm.importRealm(representation)).rejects.toMatchObject({ code: 'CW_REALM_INVALID' })
    await devRealm.close()
  })

  it('accepts hashed passwords from a Keycloak export', async () => {
    const credentials = [
      {
        type: 'password',
        secretData: JSON.stringify({
          value: 'u3P48240SbPWr9XfMGXn+E3bQnTn87jEdKs2UnHhwxg=',
          salt: 'MDEyMzQ1Njc4OWFiY2RlZg==',
          additionalParameters: {},
        }),
        credentialData: JSON.stringify({
          algorithm: 'argon2',
          hashIterations: 5,
          additionalParameters: {
            hashLength: ['32'],
            memory: ['7168'],
            type: ['id'],
            version: ['1.3'],
            parallelism: ['1'],
          },
        }),
      },
    ]
    const [alice] = demo.users
    await using devRealm = await openDemo({}, { users: [{ ...alice, credentials }] })
    const browser = new Browser(devRealm)
    expect((await browser.password('alice', 'wrong')).status).toBe(400)
    expect((await browser.password('alice', 'imported')).status).toBe(200)
  })
})
