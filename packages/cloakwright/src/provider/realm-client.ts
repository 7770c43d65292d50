import * as openid from 'openid-client'
import { systemTime } from '../clock.ts'
import type { Fetch } from '../http/index.ts'
import { createMetadata, type Metadata, type RealmMetadata } from '../metadata/index.ts'
import { createClientCalls, type WithCredential } from './client-calls.ts'
import type { ClientCredential } from './client-credential.ts'
import { createOutage, type Outage } from './outage.ts'
import { fetchWhole } from './provider-fetch.ts'

/** A client of a realm, and how to reach the realm; times in milliseconds. */
export interface RealmClientConfig {
  readonly issuer: string
  readonly internalUrl: string | undefined
  readonly clientId: string
  readonly credential: ClientCredential
  /** Of one request. */
  readonly timeout: number
  readonly dangerouslyAllowHttp: boolean
  readonly now: () => number
  /** Seconds. */
  readonly clockTolerance: number
  readonly fetch: Fetch
}

/** This service as the realm's client, for calls with openid-client. */
export interface RealmClient {
  /** Whether the token endpoint has stopped responding. */
  readonly outage: Outage
  /** The realm's metadata, which also has the URL of its keys. */
  readonly metadata: Metadata
  /** Makes a call with the current credential. */
  readonly withCredential: WithCredential
  /**
   * What openid-client needs for a call.
   *
   * @throws {CW_DISCOVERY_FAILED}
   * @throws {CW_DISCOVERY_ISSUER}
   */
  configuration(): Promise<openid.Configuration>
}

/** Calls the realm through openid-client, at the endpoints in its metadata. */
export function createRealmClient(config: RealmClientConfig): RealmClient {
  const { issuer, internalUrl, fetch, now, dangerouslyAllowHttp } = config
  const metadata = createMetadata({ issuer, internalUrl, fetch, now, dangerouslyAllowHttp })
  const outage = createOutage(now)
  const { authenticate, withCredential } = createClientCalls(config.credential)
  /** By the metadata object, which is replaced when it is fetched again; the clock difference in seconds. */
  const configurations = new WeakMap<
    RealmMetadata,
    { readonly configuration: openid.Configuration; readonly skew: number }
  >()
  return {
    outage,
    metadata,
    withCredential,
    async configuration() {
      const realm = await metadata.get()
      // openid-client reads the system's clock itself: it needs the difference to the injected one.
      const skew = Math.round((now() - systemTime()) / 1000)
      const known = configurations.get(realm)
      if (known?.skew === skew) return known.configuration
      const configuration = configure(config, realm, skew, authenticate, outage)
      configurations.set(realm, { configuration, skew })
      return configuration
    },
  }
}

function configure(
  config: RealmClientConfig,
  realm: RealmMetadata,
  skew: number,
  authenticate: openid.ClientAuth,
  outage: Outage,
): openid.Configuration {
  const configuration = new openid.Configuration(
    realm.internal as openid.ServerMetadata,
    config.clientId,
    { [openid.clockSkew]: skew, [openid.clockTolerance]: config.clockTolerance },
    authenticate,
  )
  // The options' check decided which URLs may be plain http.
  openid.allowInsecureRequests(configuration)
  // Also checks signatures of ID tokens: the internal URL may be plain http.
  openid.enableNonRepudiationChecks(configuration)
  configuration.timeout = config.timeout / 1000
  configuration[openid.customFetch] = (url, init) => fetchWhole(config, url, init as RequestInit, outage)
  return configuration
}
