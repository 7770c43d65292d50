import { CloakwrightError } from '../errors.ts'
import type { Fetch } from '../metadata/index.ts'
import { isPromise } from '../promise.ts'
import type { RealmRequest, Telemetry } from '../telemetry/index.ts'
import type { VerifyAtOnce } from './at-once.ts'

/** Reports every refusal to telemetry. */
export function observeRefusals(verify: VerifyAtOnce, telemetry: Telemetry): VerifyAtOnce {
  const refuse = (error: unknown): never => {
    telemetry.refused(error instanceof CloakwrightError ? error.code : 'unexpected')
    throw error
  }
  return (token, presented) => {
    try {
      const verified = verify(token, presented)
      return isPromise(verified) ? verified.catch(refuse) : verified
    } catch (error) {
      return refuse(error)
    }
  }
}

/** Reports every request to the realm to telemetry. */
export function observeFetch(fetch: Fetch, what: RealmRequest, telemetry: Telemetry | undefined): Fetch {
  if (telemetry === undefined) return fetch
  return (url, init) => telemetry.request(what, () => fetch(url, init))
}
