import type { Request, Response } from 'express'
import type { LogEntry } from '../guard/index.ts'
import type { SessionEngine, SessionOptions } from '../session/index.ts'
import type { CommonOptions, IssuerOptions } from '../token/index.ts'
import { clientSecretOf, type KeycloakConfig, type ResolvedConfig } from './keycloak-config.ts'
import type { Token } from './keycloak-grant.ts'
import { notPart } from './unsupported.ts'

/** The options of `createSessions` that are in `keycloak.json`, and in the options of its verifier. */
export type SessionClient = Pick<
  SessionOptions,
  'issuer' | 'clientId' | 'clientSecret' | 'internalUrl' | 'revocations' | 'dangerouslyAllowHttp'
>

/**
 * Options that `keycloak.json` does not have. The old adapter's own options (`store`, `cookies`, `scope`, `idpHint`) stop
 * the start, with an error that names the replacement.
 */
export interface KeycloakOptions {
  /**
   * Browser login: creates the session engine for the client of `keycloak.json`. Without it, the service accepts bearer
   * tokens only.
   */
  readonly sessions?: ((client: SessionClient) => SessionEngine) | undefined
  /** Options of `createVerifier` that `keycloak.json` does not have: another audience, the realm’s internal URL, … */
  readonly verifier?: (Partial<Omit<IssuerOptions, 'issuer'>> & CommonOptions) | undefined
  /**
   * Receives each refusal, with the exact reason for the log.
   * By default, failures (status 500 and above) are one line each on standard error: code, hint, request id.
   */
  readonly onRefused?: ((entry: LogEntry, request: Request) => void) | undefined
}

/** The options of the old middleware. */
export interface MiddlewareOptions {
  /** The path that signs out, `/logout` by default; only with `sessions`. */
  readonly logout?: string | undefined
}

/** Decides on a verified token: only `true` admits the request. */
export type GuardFn = (token: Token, request: Request, response: Response) => boolean | Promise<boolean>

/**
 * Creates the session engine of the option `sessions`, for a client that may have a secret.
 *
 * @throws {CW_CONFIG_INVALID} The client is `bearer-only` or public.
 */
export function createSessionsOf(
  { sessions, verifier = {} }: KeycloakOptions,
  config: ResolvedConfig,
  members: KeycloakConfig,
): SessionEngine | undefined {
  if (sessions === undefined) return undefined
  if (config.bearerOnly)
    throw notPart('bearer-only of keycloak.json with sessions', 'Remove bearer-only, or the option sessions')
  if (config.public)
    throw notPart(
      'public-client of keycloak.json with sessions',
      'In Keycloak, turn on Client authentication for the client; then set credentials.secret and remove public-client',
    )
  const { internalUrl, revocations, dangerouslyAllowHttp } = verifier
  return sessions({
    issuer: config.realmUrl,
    clientId: config.clientId,
    clientSecret: clientSecretOf(members),
    internalUrl,
    revocations,
    dangerouslyAllowHttp,
  })
}
