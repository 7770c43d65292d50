import { Type } from 'typebox'

/** RFC 9457, as every error of this server is answered. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    requestId: Type.String(),
  },
  { description: 'What went wrong (RFC 9457)' },
)

/** An error's answer for the OpenAPI document. */
export function problem(description: string) {
  return { description, content: { 'application/problem+json': { schema: Problem } } }
}

export const Message = Type.Object({ message: Type.String() })

/** Either way of proving who one is: a token of the realm, or the session that signing in gave. */
export const secured = [{ bearer: [] }, { session: [] }]
