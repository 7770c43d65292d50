import { createHmac } from 'node:crypto'
import { sha256 } from '../../sealing.ts'
import type { SessionContext } from '../context.ts'
import type { LoginParameters } from '../login-parameters.ts'
import type { LoginChecks } from '../provider.ts'
import type { SessionRequest } from '../types.ts'

/** A pending login. It travels to the provider and back as the sealed `state`, so that any number of tabs needs one cookie. */
export interface Login {
  readonly returnTo: string
  readonly parameters: LoginParameters
  /** How often it was started again because it could not be completed. */
  readonly retries: number
}

/** A login that came back from the provider. */
export interface ReturnedLogin extends Login {
  /** The checks of the response; `undefined` if another browser started the login, or too long ago. */
  readonly checks: LoginChecks | undefined
  /** When it can no longer be completed, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Milliseconds within which a login must be completed: twice the time that Keycloak's login page works by default. After
 * that, the user signs in again, and still gets to the page.
 */
const lifetime = 3_600_000

interface Content {
  readonly returnTo: string
  readonly parameters: LoginParameters
  readonly createdAt: number
  /** A hash of the browser's secret. */
  readonly browser: string
}

/** Seals a login for one browser. */
export async function sealLogin(context: SessionContext, login: Login, secret: string): Promise<LoginChecks> {
  const { returnTo, retries } = login
  // The user typed the hint, and can type it again: without it, the length of the state has a limit.
  const { login_hint: _, ...parameters } = login.parameters
  const content: Content = { returnTo, parameters, createdAt: context.config.now(), browser: sha256(secret) }
  const { keyId, sealed } = await context.keyring.seal(JSON.stringify(content), toBinding(context, retries))
  return toChecks(`${keyId}.${Buffer.from(sealed).toString('base64url')}.${retries}`, secret)
}

/** The login of a response's state; `undefined` if the state is not of this service, or its key was removed. */
export async function openLogin(
  context: SessionContext,
  request: SessionRequest,
  state: string,
): Promise<ReturnedLogin | undefined> {
  const [, keyId, sealed, digit] = format.exec(state) ?? []
  if (keyId === undefined || sealed === undefined) return undefined
  const retries = Number(digit)
  const box = { keyId, sealed: Buffer.from(sealed, 'base64url') }
  // The last character may have spare bits: the same state in another spelling would be used a second time.
  if (box.sealed.toString('base64url') !== sealed) return undefined
  const text = await context.keyring.open(box, toBinding(context, retries))
  if (text === undefined) return undefined
  const { returnTo, parameters, createdAt, browser } = JSON.parse(text) as Content
  const expiresAt = createdAt + lifetime
  const secret = context.cookies.readBrowser(request)
  const isOurs = secret !== undefined && sha256(secret) === browser && context.config.now() < expiresAt
  return { returnTo, parameters, retries, expiresAt, checks: isOurs ? toChecks(state, secret) : undefined }
}

/**
 * How often a login was started again, also if its state cannot be opened: whoever changes the number cannot complete it.
 * `undefined` for a state that is none of this engine’s.
 */
export function retriesOf(state: string): number | undefined {
  const digit = format.exec(state)?.[3]
  return digit === undefined ? undefined : Number(digit)
}

const format = /^([\w-]{1,32})\.([\w-]{1,4000})\.(\d)$/

/** Nonce and PKCE verifier come from the browser's secret: whoever sees the state cannot know them. */
function toChecks(state: string, secret: string): LoginChecks {
  const derive = (purpose: string): string =>
    createHmac('sha256', secret).update(`${purpose} ${state}`).digest('base64url')
  return { state, nonce: derive('nonce'), verifier: derive('verifier') }
}

function toBinding({ config }: SessionContext, retries: number): unknown[] {
  return ['login', retries, config.issuer, config.clientId, config.baseUrl]
}
