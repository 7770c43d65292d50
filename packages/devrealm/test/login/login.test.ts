import { describe, expect, it } from 'vitest'
import { actionOf, Browser, Clock, codeOf, openDemo } from '../support.ts'

const refused = 'Invalid username or password.'

describe('login', () => {
  it('returns a single-use code; a second use revokes the tokens of the first', async () => {
    await using devRealm = await openDemo()
    const browser = new Browser(devRealm)
    const code = codeOf(await browser.login())
    const tokens = (await browser.exchange(code)).json()
    expect((await browser.userinfo(tokens.access_token ?? '')).status).toBe(200)
    expect((await browser.exchange(code)).json()).toEqual({
      error: 'invalid_grant',
      error_description: 'Code not valid',
    })
    expect((await browser.userinfo(tokens.access_token ?? '')).status).toBe(401)
    expect((await browser.refresh(tokens.refresh_token ?? '')).status).toBe(400)
  })

  it('returns a code that is valid for a minute', async () => {
    const clock = new Clock()
    await using devRealm = await openDemo({ now: clock.read })
    const browser = new Browser(devRealm)
    const inTime = codeOf(await browser.login())
    clock.pass(59)
    expect((await browser.exchange(inTime)).status).toBe(200)
    const late = codeOf(await browser.authorize())
    clock.pass(61)
    expect((await browser.exchange(late)).json().error_description).toBe('Code not valid')
  })

  it('ends no session for a code that was never issued', async () => {
    await using devRealm = await openDemo()
    const browser = new Browser(devRealm)
    const code = codeOf(await browser.login())
    const tokens = (await browser.exchange(code)).json()
    const [, session, client] = code.split('.')
    const made = `00000000-0000-4000-8000-000000000000.${session}.${client}`
    expect((await browser.exchange(made)).status).toBe(400)
    expect((await browser.userinfo(tokens.access_token ?? '')).status).toBe(200)
  })

  it('gives the browser new ids; earlier ids are worthless', async () => {
    await using devRealm = await openDemo()
    const browser = new Browser(devRealm)
    const page = await browser.authorize()
    const planted = browser.cookies.get('AUTH_SESSION_ID') ?? ''
    const session = (await browser.submit(page, { username: 'alice', password: 'alice' })).location()
      .searchParams
    expect(session.get('session_state')).not.toBe(planted)
    expect(browser.cookies.get('AUTH_SESSION_ID')).not.toBe(planted)
    const attacker = new Browser(devRealm)
    attacker.cookies.set('AUTH_SESSION_ID', planted)
    const answer = await attacker.authorize({ prompt: 'none' })
    expect(answer.location().searchParams.get('error')).toBe('login_required')
  })

  it('cannot be forged by another site: a form works only in its own browser', async () => {
    await using devRealm = await openDemo()
    const attacker = new Browser(devRealm)
    const page = await attacker.authorize()
    const victim = new Browser(devRealm)
    const bare = await victim.submit(page, { username: 'alice', password: 'alice' })
    expect(bare.status).toBe(400)
    await victim.authorize()
    const planted = await victim.submit(page, { username: 'alice', password: 'alice' })
    expect(planted.location().pathname).toContain('/login-actions/authenticate')
    expect(victim.cookies.has('KEYCLOAK_IDENTITY')).toBe(false)
  })

  it('rejects an unknown user, a wrong password and a disabled user’s wrong password alike', async () => {
    await using devRealm = await openDemo()
    const pages = []
    for (const name of ['alice', 'nobody', 'carol']) {
      const { status, text } = await new Browser(devRealm).login(name, 'wrong')
      pages.push({
        status,
        text: text.replaceAll(name, 'NAME').replace(/(session_code|tab_id)=[\w-]+/g, '$1'),
      })
    }
    expect(pages[0]?.text).toContain(refused)
    expect(pages[1]).toEqual(pages[0])
    expect(pages[2]).toEqual(pages[0])
  })

  it('cannot be framed by another site', async () => {
    await using devRealm = await openDemo()
    const { headers } = await new Browser(devRealm).authorize()
    expect(headers['content-security-policy']).toContain("frame-ancestors 'self'")
    expect(headers['x-frame-options']).toBe('SAMEORIGIN')
  })
})

describe('text on a page', () => {
  const script = `"'><script>alert(1)</script>`
  const expectEscaped = (text: string): void => {
    expect(text).toContain('<html')
    expect(text).not.toContain('<script>alert')
  }

  it('is escaped: user name, login hint, realm name, input to required actions', async () => {
    const users = ['UPDATE_PROFILE', 'CONFIGURE_TOTP', 'UPDATE_PASSWORD'].map((action) => ({
      username: action.toLowerCase(),
      enabled: true,
      email: `${action}@example.com`,
      firstName: 'M',
      lastName: 'M',
      requiredActions: [action],
      credentials: [{ type: 'password', value: 'mallory' }],
    }))
    await using devRealm = await openDemo({}, { displayName: script, users })
    const browser = new Browser(devRealm)
    expectEscaped((await browser.authorize({ login_hint: script })).text)
    expectEscaped((await browser.login(script, script)).text)
    for (const { username } of users) {
      const next = new Browser(devRealm)
      const page = await next.send((await next.login(username, 'mallory')).location().href)
      expectEscaped(page.text)
      const form = {
        email: script,
        firstName: script,
        totp: script,
        userLabel: script,
        'password-new': script,
      }
      expectEscaped((await next.submit(page, form)).text)
    }
    expectEscaped((await browser.authorize({ client_id: script })).text)
    expectEscaped(
      (await browser.send('/realms/demo/protocol/openid-connect/logout?state=' + encodeURIComponent(script)))
        .text,
    )
  })

  it('is escaped in a self-submitting form', async () => {
    await using devRealm = await openDemo()
    const parameters = { response_mode: 'form_post', prompt: 'none', state: script }
    const { text } = await new Browser(devRealm).authorize(parameters)
    expect(text).toContain('NAME="state"')
    expect(text).not.toContain('<script>')
  })
})

describe('brute force protection', () => {
  const settings = { bruteForceProtected: true, failureFactor: 3, quickLoginCheckMilliSeconds: 0 }

  it('locks a user out for a time, even with the right password, without saying so', async () => {
    const clock = new Clock()
    await using devRealm = await openDemo({ now: clock.read }, settings)
    const browser = new Browser(devRealm)
    for (const _ of [1, 2, 3]) await browser.password('alice', 'wrong')
    expect((await browser.password()).json().error_description).toBe('Invalid user credentials')
    expect((await new Browser(devRealm).login()).text).toContain(refused)
    clock.pass(59)
    expect((await browser.password()).status).toBe(400)
    clock.pass(2)
    expect((await browser.password()).status).toBe(200)
  })

  it('counts concurrent attempts', async () => {
    await using devRealm = await openDemo({}, settings)
    const browser = new Browser(devRealm)
    await Promise.all([1, 2, 3, 4, 5].map((n) => browser.password('alice', `wrong-${n}`)))
    expect((await browser.password()).status).toBe(400)
  })

  it('resets failures at a login', async () => {
    await using devRealm = await openDemo({}, settings)
    const browser = new Browser(devRealm)
    for (const _ of [1, 2, 3]) {
      await browser.password('alice', 'wrong')
      await browser.password('alice', 'wrong')
      expect((await browser.password()).status).toBe(200)
    }
  })
})

describe('a session', () => {
  it('ends after its idle timeout and at its maximum lifespan', async () => {
    const clock = new Clock()
    const spans = { ssoSessionIdleTimeout: 60, ssoSessionMaxLifespan: 150, accessTokenLifespan: 1000 }
    await using devRealm = await openDemo({ now: clock.read }, spans)
    const browser = new Browser(devRealm)
    const idle = (await browser.password()).json()
    clock.pass(61)
    expect((await browser.userinfo(idle.access_token ?? '')).status).toBe(401)
    let used = (await browser.password()).json()
    for (const _ of [1, 2]) {
      clock.pass(50)
      used = (await browser.refresh(used.refresh_token ?? '')).json()
    }
    expect((await browser.userinfo(used.access_token ?? '')).status).toBe(200)
    expect(used.expires_in).toBe(50)
    clock.pass(51)
    expect((await browser.userinfo(used.access_token ?? '')).status).toBe(401)
    expect((await browser.refresh(used.refresh_token ?? '')).status).toBe(400)
  })

  it('is never shared: a second user in the same browser gets a new one', async () => {
    const users = ['alice', 'bob'].map((username) => ({
      username,
      enabled: true,
      email: `${username}@example.com`,
      firstName: username,
      lastName: 'Doe',
      credentials: [{ type: 'password', value: username }],
    }))
    await using devRealm = await openDemo({}, { users })
    const browser = new Browser(devRealm)
    const first = (await browser.exchange(codeOf(await browser.login()))).json()
    const page = await browser.authorize({ prompt: 'login' })
    const restart = /id="reset-login" href="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const again = await browser.send((await browser.send(restart)).location().href)
    const second = await browser.submit(again, { username: 'bob', password: 'bob' })
    const tokens = (await browser.exchange(codeOf(second))).json()
    expect(tokens.session_state).not.toBe(first.session_state)
    expect((await browser.userinfo(tokens.access_token ?? '')).json().preferred_username).toBe('bob')
    expect((await browser.userinfo(first.access_token ?? '')).status).toBe(401)
  })
})

describe('a login page', () => {
  it('expires when its form is sent', async () => {
    await using devRealm = await openDemo()
    const browser = new Browser(devRealm)
    const page = await browser.authorize()
    await browser.submit(page, { username: 'alice', password: 'wrong' })
    const again = await browser.submit(page, { username: 'alice', password: 'alice' })
    expect(again.location().search).not.toContain('session_code')
    expect(actionOf(await browser.send(again.location().href))).toContain('session_code')
  })
})
