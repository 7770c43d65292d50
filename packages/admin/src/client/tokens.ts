import { CloakwrightError } from 'cloakwright'
import { clientAssertion, type PrivateKey } from './assertion.ts'
import { cleanText, serverText } from './errors.ts'
import { type Retry, retryDelay } from './retry.ts'
import { postForm } from './transport.ts'

/** A secret, or where to ask for it each time that it is needed (so that a rotated one is taken up). */
export type Secret = string | (() => string | Promise<string>)

/** An administrator's user name and password. */
export interface PasswordCredentials {
  readonly username: string
  readonly password: Secret
  /** The realm that the administrator belongs to. Default: `master`. */
  readonly realm?: string
  /** The client to log in with. Default: `admin-cli`. */
  readonly clientId?: string
}

/** A client with a service account that holds roles of `realm-management` (or of `master`). */
export interface ClientCredentials {
  readonly clientId: string
  readonly clientSecret: Secret
  /** The realm that the client belongs to. Default: the realm that is administered. */
  readonly realm?: string
}

/** A client with a service account that proves itself by signing (private_key_jwt, RFC 7523): no secret leaves the machine. */
export interface PrivateKeyCredentials {
  readonly clientId: string
  readonly privateKey: PrivateKey
  /** Which of the client's keys it is. Default: the JWK's own `kid`; a PEM names none, and Keycloak takes the one that fits. */
  readonly kid?: string
  /** Default: the JWK's own `alg`, or RS256, ES256, ES384, ES512 or EdDSA as the key is. */
  readonly algorithm?: string
  /** The realm's issuer, where Keycloak's public address is another than `server`. Default: `{server}/realms/{realm}`. */
  readonly audience?: string
  /** The realm that the client belongs to. Default: the realm that is administered. */
  readonly realm?: string
}

export type Credentials = PasswordCredentials | ClientCredentials | PrivateKeyCredentials

/** An access token for the Admin API that is never older than its life allows. */
export interface TokenSource {
  /** The current token; renewed before it expires, by one request however many wait for it. */
  get(): Promise<string>
  /** Which token is current: {@link TokenSource.discard} takes it, so that a renewed token is not thrown away. */
  readonly generation: number
  /** Makes the next `get` renew the token, if it is still the one of this generation. */
  discard(generation: number): void
}

export interface TokenSourceOptions {
  readonly server: string
  readonly realm: string
  readonly credentials: Credentials
  readonly retry: Retry
  /** Milliseconds, monotonic. */
  readonly now: () => number
}

interface Grant {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly renewAt: number
}

/** Renewed this long before its end (milliseconds), or after three quarters of a shorter life. */
const margin = 10_000

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  let generation = 0
  let current: Grant | undefined
  let stale = false
  let pending: Promise<Grant> | undefined

  async function renew(): Promise<Grant> {
    const refreshed =
      current?.refreshToken === undefined ? undefined : await refresh(options, current.refreshToken)
    current = refreshed ?? (await login(options))
    stale = false
    generation += 1
    return current
  }

  return {
    get generation() {
      return generation
    },
    async get() {
      if (current !== undefined && !stale && options.now() < current.renewAt) return current.accessToken
      pending ??= renew().finally(() => {
        pending = undefined
      })
      return (await pending).accessToken
    },
    discard(of) {
      if (of === generation) stale = true
    },
  }
}

async function login(options: TokenSourceOptions): Promise<Grant> {
  const answer = await post(options, () => loginForm(options))
  if (answer.grant !== undefined) return answer.grant
  throw refusal(options, answer.status, answer.text)
}

async function loginForm({
  server,
  realm,
  credentials,
}: TokenSourceOptions): Promise<Record<string, string>> {
  if ('username' in credentials) {
    const { clientId = 'admin-cli', username, password } = credentials
    return { grant_type: 'password', client_id: clientId, username, password: await reveal(password) }
  }
  const service = { grant_type: 'client_credentials', client_id: credentials.clientId }
  if ('clientSecret' in credentials) {
    return { ...service, client_secret: await reveal(credentials.clientSecret) }
  }
  const audience = credentials.audience ?? realmUrl(server, credentials.realm ?? realm)
  return { ...service, ...(await clientAssertion({ ...credentials, audience })) }
}

/** A refresh costs Keycloak a fifth of a password check, and opens no second session; a refused one means: log in again. */
async function refresh(options: TokenSourceOptions, refreshToken: string): Promise<Grant | undefined> {
  const clientId = options.credentials.clientId ?? 'admin-cli'
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken }
  const answer = await post(options, async () => form)
  return answer.grant
}

/** A grant, or why there is none. */
type Answer =
  | { readonly grant: Grant }
  | { readonly grant?: undefined; readonly status: number; readonly text: string }

/** Each attempt has a form of its own: an assertion that came through counts no second time. */
async function post(
  options: TokenSourceOptions,
  form: () => Promise<Record<string, string>>,
): Promise<Answer> {
  const url = tokenEndpoint(options)
  for (let attempt = 1; ; attempt += 1) {
    const body = new URLSearchParams(await form())
    const asked = options.now()
    try {
      const response = await postForm(url, body, options.retry.signal())
      const text = response.body.toString()
      if (response.status < 300) return { grant: toGrant(text, asked, url) }
      // Asking for a token twice does no harm, so a POST to this endpoint may be repeated.
      const delay = retryDelay(options.retry, attempt, response)
      if (delay === undefined) return { status: response.status, text }
      await options.retry.wait(delay)
    } catch (cause) {
      if (cause instanceof CloakwrightError) throw cause
      options.retry.throwIfAborted()
      const delay = retryDelay(options.retry, attempt)
      if (delay === undefined) {
        throw new CloakwrightError(
          'CW_ADMIN_UNAVAILABLE',
          `Keycloak did not respond to POST ${url.pathname} at ${url.origin}`,
          {
            hint: 'Check that Keycloak is running and that the base URL is correct.',
            cause,
          },
        )
      }
      await options.retry.wait(delay)
    }
  }
}

function toGrant(text: string, asked: number, url: URL): Grant {
  const body = parse(text)
  const { access_token: accessToken, expires_in: seconds, refresh_token: refreshToken } = body
  if (typeof accessToken !== 'string' || typeof seconds !== 'number') {
    throw new CloakwrightError(
      'CW_ADMIN_UNAUTHORIZED',
      `The response to POST ${url.pathname} at ${url.origin} has no access token`,
      {
        hint: 'Check that the base URL belongs to a Keycloak server.',
      },
    )
  }
  const life = seconds * 1000
  return {
    accessToken,
    refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
    renewAt: asked + Math.max(life - margin, life * 0.75),
  }
}

function refusal(options: TokenSourceOptions, status: number, text: string): CloakwrightError {
  const url = tokenEndpoint(options)
  const said = cleanText(serverText(parse(text)) ?? '')
  const message = `Keycloak at ${url.origin} refused the login of the administrator, POST ${url.pathname} (${status})${said === '' ? '' : `: ${said}`}`
  if (status >= 500 || status === 429) {
    return new CloakwrightError('CW_ADMIN_UNAVAILABLE', message, {
      hint: 'Try again when Keycloak is ready.',
    })
  }
  const hint =
    status === 404
      ? 'Check the base URL and the realm of the credentials.'
      : 'username' in options.credentials
        ? 'Check the user name and the password. The client must allow direct access grants.'
        : 'privateKey' in options.credentials
          ? 'Check the client id, the key of the client in Keycloak, and the clock. The client needs a service account; the audience is the issuer of the realm.'
          : 'Check the client id and the client secret. The client needs a service account.'
  return new CloakwrightError('CW_ADMIN_UNAUTHORIZED', message, { hint })
}

function tokenEndpoint({ server, realm, credentials }: TokenSourceOptions): URL {
  const owner = credentials.realm ?? ('username' in credentials ? 'master' : realm)
  return new URL(`${realmUrl(server, owner)}/protocol/openid-connect/token`)
}

/** A realm's address, which is its issuer where Keycloak has one address only. */
export function realmUrl(server: string, realm: string): string {
  return `${server}/realms/${encodeURIComponent(realm)}`
}

async function reveal(secret: Secret): Promise<string> {
  return typeof secret === 'string' ? secret : await secret()
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
