import type { SessionRequest } from '../session/index.ts'
import type { GuardedRequest } from './request/index.ts'

/** The request as the session engine reads it. Host and target come from the client: what makes no address gets one that is nobody's. */
export function toSessionRequest(request: GuardedRequest): SessionRequest {
  const target = request.target.startsWith('/') ? request.target : '/'
  const address = request.origin() + target
  return {
    method: request.method,
    url: URL.canParse(address) ? address : `http://host.invalid${target}`,
    headers: {
      get(name) {
        const fields = request.fields(name.toLowerCase())
        return fields.length === 0 ? null : fields.join(', ')
      },
    },
  }
}
