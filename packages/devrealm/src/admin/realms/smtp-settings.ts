import { secretMask } from '../representations/index.ts'

type Smtp = Readonly<Record<string, string>>

/**
 * The mail server settings after a realm PUT: the login is kept only with `auth`, and depending on `authType` either the
 * password or the token settings.
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

/** The same settings; a mask keeps the stored secret. */
export function unmaskedSmtp(sent: Smtp, live: Smtp | undefined): Smtp {
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [
      name,
      value === secretMask && secrets.includes(name) ? (live?.[name] ?? secretMask) : value,
    ]),
  )
}

/** The same settings with masked secrets. */
export function shownSmtp(smtp: Smtp): Smtp {
  return Object.fromEntries(
    Object.entries(smtp).map(([name, value]) => [name, secrets.includes(name) ? secretMask : value]),
  )
}

const secrets: readonly string[] = ['password', 'authTokenClientSecret']
