import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, type JWK } from 'jose'
import type { Admin } from '../client/index.ts'
import type { Step, StepChange } from '../edit/index.ts'
import type { Client } from './policies.ts'

/** A key that a client proves itself with. */
export interface ClientKey {
  /** The private half, as it is delivered. */
  readonly text: string
  readonly publicJwk: JWK
  /** RFC 7638 thumbprint. */
  readonly kid: string
}

export async function newKey(algorithm: string, format: 'jwk' | 'pem'): Promise<ClientKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: 3072 })
  const publicKey = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(publicKey)
  // Keycloak loads keys for signatures only if they say so.
  const named = { kid, alg: algorithm, use: 'sig' }
  const text =
    format === 'pem'
      ? (await exportPKCS8(pair.privateKey)).trim()
      : JSON.stringify({ ...(await exportJWK(pair.privateKey)), ...named })
  return { text, publicJwk: { ...publicKey, ...named }, kid }
}

/** The settings of a client that decide how it authenticates, by their names in a change; undefined where it has none. */
export type KeySettings = Readonly<Record<string, string | undefined>>

const attributeNames = [
  'use.jwks.string',
  'jwks.string',
  'use.jwks.url',
  'token.endpoint.auth.signing.alg',
] as const

export function settingsOf({ clientAuthenticatorType, attributes }: Client): KeySettings {
  const given = (attributes ?? {}) as Readonly<Record<string, string>>
  return {
    clientAuthenticatorType: clientAuthenticatorType ?? 'client-secret',
    ...Object.fromEntries(attributeNames.map((name) => [`attributes.${name}`, given[name]])),
  }
}

/** The settings by which a client authenticates with this key and nothing else. */
export function settingsWithKey({ publicJwk }: ClientKey, algorithm: string): KeySettings {
  return {
    clientAuthenticatorType: 'client-jwt',
    'attributes.use.jwks.string': 'true',
    'attributes.jwks.string': JSON.stringify({ keys: [publicJwk] }),
    'attributes.use.jwks.url': 'false',
    'attributes.token.endpoint.auth.signing.alg': algorithm,
  }
}

/** Changes how a client authenticates, and says so once it is done. */
export function settingsStep(
  api: Admin['client'],
  client: Client,
  from: KeySettings,
  to: KeySettings,
  onDone: () => void,
): Step {
  return {
    changes: [describe(client, from, to)],
    async run() {
      await api.clients.update({ id: client.id }, toUpdate(client.clientId, to))
      onDone()
    },
  }
}

/** Keycloak merges attributes and keeps what is not sent; an empty attribute goes. */
function toUpdate(clientId: string, settings: KeySettings): Record<string, unknown> & { clientId: string } {
  const attributes = attributeNames.map((name) => [name, settings[`attributes.${name}`] ?? ''])
  return {
    clientId,
    clientAuthenticatorType: settings['clientAuthenticatorType'],
    attributes: Object.fromEntries(attributes) as Record<string, string>,
  }
}

function describe(client: Client, before: KeySettings, after: KeySettings): StepChange {
  const fields = Object.keys(after).filter((name) => before[name] !== after[name])
  const only = (settings: KeySettings): KeySettings =>
    Object.fromEntries(fields.map((name) => [name, settings[name]]))
  return {
    action: 'update',
    kind: 'client',
    id: client.id,
    name: client.clientId,
    fields,
    before: only(before),
    after: only(after),
  }
}
