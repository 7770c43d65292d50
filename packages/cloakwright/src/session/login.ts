import { randomToken, sha256 } from '../sealing.ts'
import type { SessionContext } from './context.ts'
import type { LoginChecks } from './provider.ts'
import { redirect } from './redirect.ts'
import type { SessionRequest } from './types.ts'

/** A pending login, kept in its browser: sealed in its own cookie, so that tabs do not interfere with each other. */
export interface Login extends LoginChecks {
  readonly returnTo: string
  readonly createdAt: number
}

/** Milliseconds within which a login must be completed. */
export const loginLifetime = 600_000

/** Maximum number of pending logins, one for each tab, and of bytes, since proxies refuse requests with long headers. */
const mostLogins = 10
const mostBytes = 4096

/** Redirects the browser from the requested page to the provider. */
export async function startLogin(
  context: SessionContext,
  request: SessionRequest,
  returnTo: string,
): Promise<Response> {
  const { config, cookies, keyring, provider } = context
  const login: Login = {
    state: randomToken(),
    nonce: randomToken(),
    verifier: randomToken(),
    returnTo,
    createdAt: config.now(),
  }
  const location = await provider.loginUrl(login)
  const id = toId(login.state)
  const { keyId, sealed } = await keyring.seal(JSON.stringify(login), toBinding(context, id))
  const value = `${keyId}.${Buffer.from(sealed).toString('base64url')}`
  const stale = await findStale(context, request, value.length)
  return redirect(
    location,
    [...stale.map((other) => cookies.clearLogin(other)), cookies.writeLogin(id, value, loginLifetime / 1000)],
    302,
  )
}

/** The login that belongs to the state of a response, if this browser started it, and not too long ago. */
export async function findLogin(
  context: SessionContext,
  request: SessionRequest,
  state: string | null,
): Promise<Login | undefined> {
  if (state === null) return undefined
  const id = toId(state)
  const value = context.cookies.readLogins(request).get(id)
  const login = value === undefined ? undefined : await openLogin(context, id, value)
  return login?.state === state ? login : undefined
}

/** Removes the login's cookie after its response. */
export function clearLogin({ cookies }: SessionContext, { state }: Login): string {
  return cookies.clearLogin(toId(state))
}

/** Cookies to remove: expired ones, then the oldest if there are too many. */
async function findStale(context: SessionContext, request: SessionRequest, added: number): Promise<string[]> {
  const stale: string[] = []
  const open: { readonly id: string; readonly size: number; readonly createdAt: number }[] = []
  for (const [id, value] of context.cookies.readLogins(request)) {
    if (!/^[\w-]+$/.test(id)) continue // not ours, and not allowed in a header
    const login = await openLogin(context, id, value)
    if (login === undefined) stale.push(id)
    else open.push({ id, size: value.length, createdAt: login.createdAt })
  }
  let count = 1
  let bytes = added
  for (const { id, size } of open.toSorted((a, b) => b.createdAt - a.createdAt)) {
    count += 1
    bytes += size
    if (count > mostLogins || bytes > mostBytes) stale.push(id)
  }
  return stale
}

async function openLogin(context: SessionContext, id: string, value: string): Promise<Login | undefined> {
  const [keyId = '', sealed = ''] = value.split('.')
  const opened = { keyId, sealed: Buffer.from(sealed, 'base64url') }
  const text = await context.keyring.open(opened, toBinding(context, id))
  if (text === undefined) return undefined
  const login = JSON.parse(text) as Login
  return login.createdAt + loginLifetime > context.config.now() ? login : undefined
}

function toId(state: string): string {
  return sha256(state).slice(0, 22)
}

function toBinding({ config }: SessionContext, id: string): unknown[] {
  return ['login', id, config.issuer, config.clientId, config.publicOrigin]
}
