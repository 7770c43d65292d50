import { Type } from 'typebox'

/** RFC 9457, the format of every error of this server. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    requestId: Type.String(),
  },
  { description: 'Error details (RFC 9457)' },
)

/** An error response for the OpenAPI document. */
export function problem(description: string) {
  return { description, content: { 'application/problem+json': { schema: Problem } } }
}

export const Message = Type.Object({ message: Type.String() })

/** The two ways to authenticate: a token of the realm, or the session of a signed-in user. */
export const secured = [{ bearer: [] }, { session: [] }]
