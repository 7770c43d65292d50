import { createHash, randomBytes } from 'node:crypto'
import { type BoundedRequest, type BoundedResponse, CloakwrightError, fetchBounded } from 'cloakwright'
import type { Config } from '../config/index.ts'

/** Milliseconds for one response; a Keycloak that needs longer counts as down. */
const timeoutMs = 10_000
/** Maximum size of a response in bytes. */
const largestBody = 1024 * 1024

/** Callbacks of a start that waits; the caller prints. */
export interface Waiting {
  /** Called once when the wait begins. */
  readonly say: (message: string) => void
  /** Ends the wait when the process is told to stop. */
  readonly signal: AbortSignal
}

/**
 * Checks that the configured Keycloak, realm, client, secret and callback match, before the first user
 * runs into an error.
 *
 * @throws {CW_DISCOVERY_FAILED} Keycloak does not respond within `KEYCLOAK_WAIT` seconds.
 * @throws {CW_REALM_MISMATCH} Realm, client, secret or callback do not match; the message names the variable.
 */
export async function checkKeycloak(config: Config, waiting: Waiting): Promise<void> {
  const discovery = await waitForKeycloak(config, waiting)
  await checkRealm(config, discovery)
  await checkClient(config)
  await checkCallback(config)
}

async function waitForKeycloak(config: Config, { say, signal }: Waiting): Promise<BoundedResponse> {
  const { internalUrl, wait } = config.keycloak
  const deadline = performance.now() + wait * 1000
  let told = false
  for (;;) {
    const answer = await fetchRealm(config, '/.well-known/openid-configuration', {}, signal).catch(failureOf)
    if (typeof answer !== 'string' && answer.status < 500) return answer
    const why = typeof answer === 'string' ? answer : `status ${answer.status}`
    signal.throwIfAborted()
    if (performance.now() >= deadline) throw notThere(config, why)
    if (!told) say(`Waiting up to ${wait} s for Keycloak at ${internalUrl} (${why})`)
    told = true
    await pause(500, signal)
  }
}

async function checkRealm(config: Config, discovery: BoundedResponse): Promise<void> {
  const { internalUrl, server, realm, issuer } = config.keycloak
  const body = readJson(discovery)
  if (discovery.status === 404 && body?.['error'] === 'Realm does not exist') {
    throw mismatch('KEYCLOAK_REALM', `is ${realm}, but Keycloak at ${internalUrl} has no realm ${realm}`)
  }
  const found = body?.['issuer']
  if (discovery.status !== 200 || typeof found !== 'string') {
    const { pathname } = new URL(config.keycloak.realmUrl)
    throw mismatch(
      addressOf(config),
      `is ${internalUrl}, which is not Keycloak (status ${discovery.status} for ${pathname}/.well-known/openid-configuration)`,
      "Use Keycloak's base URL, with its path if it has one (KC_HTTP_RELATIVE_PATH, such as /auth).",
    )
  }
  if (found !== issuer) {
    throw mismatch(
      'KEYCLOAK_SERVER',
      `is ${server}, but the realm's issuer is ${found}`,
      `Set KEYCLOAK_SERVER to ${found.replace(/\/realms\/.*$/, '')}, or Keycloak's hostname (KC_HOSTNAME) to ${server}.`,
    )
  }
}

/** A service account's grant: Keycloak refuses an unknown client and a wrong secret with different errors. */
async function checkClient(config: Config): Promise<void> {
  const { clientId } = config.keycloak
  const answer = await fetchRealm(config, '/protocol/openid-connect/token', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: await config.clientSecret(),
    }),
  })
  const body = readJson(answer)
  const description = body?.['error_description']
  if (answer.status === 200 || typeof description !== 'string') return
  if (/public client/i.test(description)) {
    throw mismatch('KEYCLOAK_CLIENT_ID', `is ${clientId}, which is a public client without a secret`)
  }
  if (!/invalid client/i.test(description)) return
  if (body?.['error'] === 'invalid_client') {
    throw mismatch(
      'KEYCLOAK_CLIENT_ID',
      `is ${clientId}, but the realm has no such client, or it is disabled`,
    )
  }
  const file = config.clientSecretFile
  throw mismatch(
    'KEYCLOAK_CLIENT_SECRET',
    `${file === undefined ? 'as set' : `from ${file}`} is not the secret of the client ${clientId}`,
  )
}

/** The first step of a login, up to Keycloak's decision whether it would redirect back to this server. */
async function checkCallback(config: Config): Promise<void> {
  const { clientId } = config.keycloak
  const callback = `${config.publicUrl}/auth/callback`
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid',
    state: 'start-up-check',
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const path = `/protocol/openid-connect/auth?${query.toString()}`
  // A login that works may respond with a redirect to an identity provider.
  const answer = await fetchRealm(config, path, { returnRedirects: true })
  if (answer.status < 400 || answer.status >= 500) return
  const page = answer.body.toString()
  const reason =
    /kc-error-message[\s\S]*?<p[^>]*>([^<]{1,200})</.exec(page)?.[1]?.trim() ?? `status ${answer.status}`
  if (reason.includes('redirect_uri')) {
    throw mismatch(
      'PUBLIC_URL',
      `gives the callback ${callback}, which the client ${clientId} does not allow (or its standard flow is off)`,
      `PUBLIC_URL is http://localhost:PORT if it is unset. ${applyCommands}`,
    )
  }
  throw mismatch('KEYCLOAK_CLIENT_ID', `is ${clientId}, a client that cannot sign in users: ${reason}`)
}

async function fetchRealm(
  config: Config,
  path: string,
  request: Pick<BoundedRequest, 'method' | 'body' | 'returnRedirects'>,
  signal?: AbortSignal,
): Promise<BoundedResponse> {
  const timeout = AbortSignal.timeout(timeoutMs)
  return await fetchBounded(`${config.keycloak.realmUrl}${path}`, {
    ...request,
    headers: { 'accept-language': 'en' },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    maxBytes: largestBody,
    refuse: ({ why, hint }) =>
      mismatch(addressOf(config), `is ${config.keycloak.internalUrl}, which ${why}`, hint),
  })
}

/** The variable with the URL of Keycloak. */
function addressOf({ keycloak }: Config): string {
  return keycloak.internalUrl === keycloak.server ? 'KEYCLOAK_SERVER' : 'KEYCLOAK_INTERNAL_URL'
}

function readJson({ body }: BoundedResponse): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** Returns why there was no response. @throws if the response does not match */
function failureOf(error: unknown): string {
  if (error instanceof CloakwrightError) throw error
  const cause =
    error instanceof Error ? (error.cause as { code?: unknown; errors?: unknown[] } | undefined) : undefined
  const code = cause?.code ?? (cause?.errors?.[0] as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : 'no answer'
}

function notThere(config: Config, why: string): CloakwrightError {
  const { keycloak } = config
  const patience = keycloak.wait === 0 ? 'KEYCLOAK_WAIT=0 does not wait' : `waited ${keycloak.wait} s`
  return new CloakwrightError(
    'CW_DISCOVERY_FAILED',
    `${addressOf(config)}: nothing responds at ${keycloak.internalUrl} (${why}; ${patience})`,
    {
      hint: 'Start Keycloak (npm run keycloak), correct the URL, or unset KEYCLOAK_SERVER to use the embedded realm.',
    },
  )
}

const applyCommands = [
  'Correct the variable, or apply the realm with the variables of this server:',
  'npm run keycloak   (again, with the same variables: on this machine)',
  'npx cloakwright realm apply --realm apps/server/dist/realm.js   (with the same variables and its administrator: anywhere)',
].join('\n')

function mismatch(variable: string, why: string, hint = applyCommands): CloakwrightError {
  return new CloakwrightError('CW_REALM_MISMATCH', `${variable} ${why}`, { hint })
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal.addEventListener('abort', stop, { once: true })
  })
}
