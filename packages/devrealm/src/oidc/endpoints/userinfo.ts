import type { FastifyReply, FastifyRequest } from 'fastify'
import { baseUrl, issuerOf, type RealmContext, seconds } from '../../context/index.ts'
import { type Claims, signPublic } from '../../crypto/index.ts'
import { javaOrder } from '../../text/index.ts'
import { encryptFor, isEncrypted } from '../clients/index.ts'
import { allowClientOrigin, allowOrigin } from '../cors.ts'
import { isProven, presentedToken, proofAlgorithms } from '../dpop.ts'
import { forbidCaching, realmOf, sendOidcError } from '../endpoint.ts'
import { OidcError } from '../errors.ts'
import { formOf } from '../form.ts'
import { restoreScope } from '../scopes.ts'
import {
  grantedScope,
  isLightweight,
  type LiveToken,
  mappedClaims,
  readLiveToken,
  scopeOf,
} from '../tokens/index.ts'

/** GET and POST `userinfo` (OpenID Connect Core section 5.3). Errors have no body; the challenge has the reason (RFC 6750). */
export async function userinfoEndpoint(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const realm = realmOf(context, request)
  forbidCaching(reply)
  allowOrigin(request, reply, 'Access-Control-Allow-Methods, WWW-Authenticate')
  const inHeader = presentedToken(request)
  const inForm = request.method === 'POST' ? formOf(request).get('access_token') : undefined
  const challenge = inHeader?.scheme === 'DPoP' ? `DPoP algs="${proofAlgorithms}",` : 'Bearer'
  const refuse = (status: number, error?: string, description?: string): FastifyReply => {
    const detail = error === undefined ? '' : `, error="${error}", error_description="${description}"`
    return reply
      .code(status)
      .type('text/plain;charset=utf-8')
      .header('www-authenticate', `${challenge} realm="${realm.info.realm.replaceAll('"', '\\"')}"${detail}`)
      .send('')
  }
  if (inHeader !== undefined && inForm !== undefined) {
    return refuse(400, 'invalid_request', 'More than one method used for including an access token')
  }
  const presented =
    inHeader ?? (inForm === undefined ? undefined : { scheme: 'Bearer' as const, text: inForm })
  if (presented === undefined) return refuse(401)
  const now = seconds(context)
  const token = await readLiveToken(realm, presented.text, issuerOf(context, request, realm), now)
  if ('reason' in token) return refuse(401, 'invalid_token', token.reason)
  if (!(await isProven(context, request, presented, token.claims)))
    return refuse(401, 'invalid_token', 'Token verification failed')
  const names = scopeOf(token.claims)
  if (!names.split(' ').includes('openid')) return refuse(403, 'insufficient_scope', 'Missing openid scope')
  if (isLightweight(token.claims)) {
    return refuse(401, 'invalid_token', 'Lightweight access token not allowed for userinfo endpoint')
  }
  try {
    allowClientOrigin(request, reply, token.client, baseUrl(context, request))
  } catch (error) {
    if (error instanceof OidcError) return sendOidcError(reply, error)
    throw error
  }
  reply.header('cache-control', 'no-store, no-cache')
  const grant = grantOf(context, request, realm, token, now)
  const claims = mappedClaims(grant, 'userinfo', { sub: token.user.id }).toClaims()
  const algorithm = token.client.attributes['user.info.response.signature.alg']
  const isSigned = algorithm !== undefined && algorithm !== ''
  const encrypt = async (text: string): Promise<unknown> => {
    try {
      const type = isSigned ? 'JWT' : undefined
      return reply
        .type('application/jwt')
        .send(await encryptFor(token.client, 'user.info', text, type, context.now()))
    } catch (error) {
      request.log.error({ err: error }, 'the userinfo response could not be encrypted')
      reply.header('cache-control', 'no-store')
      return refuse(500)
    }
  }
  const encrypted = isEncrypted(token.client, 'user.info')
  if (!isSigned) return encrypted ? encrypt(JSON.stringify(claims)) : claims
  const members: Claims = { ...claims, iss: grant.issuer, aud: token.client.clientId }
  const ordered = Object.fromEntries(javaOrder(Object.keys(members)).map((name) => [name, members[name]]))
  const signed = await signPublic(realm, ordered, 'JWT', algorithm)
  return encrypted ? encrypt(signed) : reply.type('application/jwt').send(signed)
}

/** The grant of a valid token, to build claims again. */
export function grantOf(
  context: RealmContext,
  request: FastifyRequest,
  realm: ReturnType<typeof realmOf>,
  token: LiveToken,
  now: number,
): Parameters<typeof mappedClaims>[0] {
  return {
    realm,
    issuer: issuerOf(context, request, realm),
    base: baseUrl(context, request),
    client: token.client,
    user: token.user,
    scope: restoreScope(realm, token.client, grantedScope(token)),
    now,
    type: 'rt',
    jkt: undefined,
    offline: token.offline,
    ...(token.session === undefined ? {} : { session: token.session }),
    ...(token.clientSession === undefined ? {} : { clientSession: token.clientSession }),
  }
}
