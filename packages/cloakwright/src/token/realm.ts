import { systemTime } from '../clock.ts'
import { createIntrospection, type Introspection } from '../introspection/index.ts'
import { createKeySet, type KeySet } from '../keys/index.ts'
import { createMetadata, type Fetch } from '../metadata/index.ts'
import { requireOptions } from '../options.ts'
import type { RealmRequest } from '../telemetry/index.ts'
import type { Expectations } from './claims.ts'
import { observeFetch } from './observe.ts'
import type { CommonOptions, IssuerOptions } from './types.ts'
import { type CheckedOptions, checkExpectations } from './verifier-options.ts'

/** A realm whose tokens are accepted, with its keys and metadata. */
export interface Realm {
  readonly expected: Expectations
  readonly keys: KeySet
  readonly introspection: Introspection | undefined
  /** Whether tokens that it verified may still be served from the cache; false once the realm was dropped. */
  inUse: boolean
}

/**
 * Creates everything that one realm needs; fetches nothing yet.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE}
 */
export function createRealm(
  of: IssuerOptions,
  common: CommonOptions,
  checked: CheckedOptions,
  onRemoved: () => void,
): Realm {
  const { fetch = globalThis.fetch, now = systemTime, telemetry } = common
  const observed = (what: RealmRequest): Fetch => observeFetch(fetch, what, telemetry)
  const { timeout, coolDown, maxAge, clockTolerance } = checked
  requireOptions('createVerifier', '{ issuer, audience }', of, { introspection: 'object' })
  const { issuer, internalUrl } = of
  const expected = checkExpectations(of, clockTolerance)
  const { dangerouslyAllowHttp } = common
  const metadata = createMetadata({
    issuer,
    internalUrl,
    dangerouslyAllowHttp,
    fetch: observed('discovery'),
    now,
    timeout,
  })
  const keys = createKeySet({
    metadata,
    fetch: observed('keys'),
    now,
    timeout,
    coolDown,
    maxAge,
    onRemoved,
    onError: common.onKeysError ?? (() => {}),
  })
  const introspection =
    of.introspection &&
    createIntrospection(of.introspection, { metadata, fetch: observed('introspection'), now })
  return { expected, keys, introspection, inUse: true }
}
