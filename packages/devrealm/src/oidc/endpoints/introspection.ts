import type { FastifyReply, FastifyRequest } from 'fastify'
import { issuerOf, type RealmContext, seconds } from '../../context/index.ts'
import type { Claims } from '../../crypto/index.ts'
import { authenticateClient } from '../clients/index.ts'
import { type ClientRequest, realmOf, sendOidcError } from '../endpoint.ts'
import { invalidRequest, OidcError } from '../errors.ts'
import { formOf } from '../form.ts'
import {
  checkRefreshToken,
  isExchanged,
  type LiveToken,
  mappedClaims,
  readLiveToken,
  readRefreshToken,
} from '../tokens/index.ts'
import { grantOf } from './userinfo.ts'

/** POST `token/introspect` (RFC 7662). Since 26.6.2 a client can introspect only tokens that have it as audience. */
export async function introspectionEndpoint(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const realm = realmOf(context, request)
  const form = formOf(request)
  try {
    const client = await authenticate(context, realm, request, form)
    if (client.publicClient) throw invalidRequest('Client not allowed.', 403)
    const token = form.get('token')
    if (token === undefined) throw invalidRequest('Token not provided.')
    reply.header('cache-control', 'no-cache')
    return await introspect({ context, request, reply, realm, client, form }, token)
  } catch (error) {
    reply.removeHeader('cache-control')
    return sendOidcError(reply, error)
  }
}

async function authenticate(
  ...given: Parameters<typeof authenticateClient>
): ReturnType<typeof authenticateClient> {
  try {
    return await authenticateClient(...given)
  } catch (error) {
    if (error instanceof OidcError && error.error === 'unauthorized_client') {
      throw new OidcError(401, 'invalid_client', 'Client authentication failed.')
    }
    throw error
  }
}

async function introspect(client: ClientRequest, text: string): Promise<Claims> {
  const hint = client.form.get('token_type_hint')
  if (hint !== undefined && hint !== 'access_token' && hint !== 'refresh_token') {
    throw invalidRequest('Unsupported token type.')
  }
  const isRefresh = hint === 'refresh_token'
  const token = isRefresh ? await readRefresh(client, text) : await readAccess(client, text)
  if (token === undefined) return { active: false }
  const { claims } = token
  const { context, request, realm } = client
  const mapped = mappedClaims(
    grantOf(context, request, realm, token, seconds(context)),
    'introspection',
    withoutMapped(claims),
  )
  if (isRefresh || claims.typ === 'ID')
    for (const audience of [claims.aud].flat()) mapped.addAudience(String(audience))
  const isMeant = isRefresh
    ? claims.azp === client.client.clientId
    : mapped.audience.includes(client.client.clientId) &&
      (!isExchanged(claims) || [claims.aud].flat().includes(client.client.clientId))
  if (!isMeant) return { active: false }
  return {
    ...mapped.toClaims(),
    client_id: claims.azp,
    username: token.user.username,
    token_type: claims.typ,
    active: true,
  }
}

/** Only the identifying claims; mappers add the rest again. */
function withoutMapped(claims: Claims): Claims {
  const kept = ['exp', 'iat', 'jti', 'iss', 'sub', 'typ', 'azp', 'sid', 'cnf', 'scope']
  return Object.fromEntries(kept.map((name) => [name, claims[name]]))
}

async function readAccess(client: ClientRequest, text: string): Promise<LiveToken | undefined> {
  const { context, request, realm } = client
  const issuer = issuerOf(context, request, realm)
  const token = await readLiveToken(realm, text, issuer, seconds(context), ['Bearer', 'DPoP', 'ID'])
  return 'reason' in token ? undefined : token
}

async function readRefresh(
  { context, request, realm, client }: ClientRequest,
  text: string,
): Promise<LiveToken | undefined> {
  const token = await readRefreshToken(realm, text, issuerOf(context, request, realm))
  if (token === undefined) return undefined
  try {
    return { claims: token.claims, client, ...checkRefreshToken(realm, client, token, seconds(context)) }
  } catch (error) {
    if (error instanceof OidcError) return undefined
    throw error
  }
}
