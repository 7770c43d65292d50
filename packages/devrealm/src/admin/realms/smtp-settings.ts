import { secretMask } from '../representations/index.ts'

type Smtp = Readonly<Record<string, string>>

/**
 * The mail server's settings as a PUT of a realm leaves them: who logs in there is kept only with `auth`, and by `authType`
 * either the password or what gets a token.
 */
export function putSmtp(sent: Smtp): Record<string, string> {
  const hasLogin = sent['auth']?.toLowerCase() === 'true'
  const isToken = sent['authType'] === 'token'
  return Object.fromEntries(
    Object.entries(sent).filter(([name]) => {
      if (name === 'user') return hasLogin
      if (name === 'password') return hasLogin && !isToken
      return name.startsWith('authToken') ? hasLogin && isToken : true
    }),
  )
}

/** The same settings; a mask keeps the live secret. */
export function unmaskedSmtp(sent: Smtp, live: Smtp | undefined): Smtp {
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [
      name,
      value === secretMask && secrets.includes(name) ? (live?.[name] ?? secretMask) : value,
    ]),
  )
}

/** The same settings with masks for what is secret. */
export function shownSmtp(smtp: Smtp): Smtp {
  return Object.fromEntries(
    Object.entries(smtp).map(([name, value]) => [name, secrets.includes(name) ? secretMask : value]),
  )
}

const secrets: readonly string[] = ['password', 'authTokenClientSecret']
