import { type Revocations, type RevokedBy, systemTime } from 'cloakwright'
import { requireRole } from 'cloakwright/fastify'
import { type Static, Type } from 'typebox'
import { type App, ClientError } from '../http/index.ts'
import { problem, secured } from './schemas.ts'

// The characters of an id in the realm: no control characters.
const text = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since the epoch; now by default' })

const Revocation = Type.Union([
  Type.Object({ sid: text }, { additionalProperties: false, description: 'The tokens of one session' }),
  Type.Object(
    { subject: text, issuedUntil: Type.Optional(seconds) },
    { additionalProperties: false, description: 'A user’s tokens issued up to this time' },
  ),
  Type.Object({ jti: text }, { additionalProperties: false, description: 'One token' }),
  Type.Object(
    { notBefore: seconds },
    { additionalProperties: false, description: 'All tokens issued before this time' },
  ),
])

/** Seconds that an administrator's clock may be ahead. */
const tolerance = 60

/** Lets an administrator revoke issued tokens on every replica. */
export function revocationRoutes(app: App, revocations: Revocations, issuer: string): void {
  app.post(
    '/admin/revocations',
    {
      onRequest: requireRole('admin'),
      schema: {
        summary: 'Revoke access tokens: of a session, of a user, a single one, or all up to a time',
        tags: ['administration'],
        security: secured,
        body: Revocation,
        response: {
          204: Type.Null({ description: 'Revoked here, and on the other replicas within a second' }),
          400: problem('The request does not match the schema'),
          401: problem('Not authenticated: no valid token and no session'),
          403: problem('The role admin is missing'),
        },
      },
    },
    async (request, reply) => {
      const by = toRevokedBy(request.body)
      const until = 'notBefore' in by ? by.notBefore : 'subject' in by ? by.issuedUntil : 0
      if (until > systemTime() / 1000 + tolerance)
        throw new ClientError(
          400,
          'INVALID_REQUEST',
          'body: the time is in the future; use seconds since the epoch',
        )
      await revocations.revoke(issuer, by)
      return reply.code(204).send(null)
    },
  )
}

function toRevokedBy(body: Static<typeof Revocation>): RevokedBy {
  if (!('subject' in body)) return body
  return { subject: body.subject, issuedUntil: body.issuedUntil ?? Math.floor(systemTime() / 1000) }
}
