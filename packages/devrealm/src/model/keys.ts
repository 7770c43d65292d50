/** The key providers of Keycloak that the embedded realm has. */
export type KeyProviderId =
  | 'rsa'
  | 'rsa-enc'
  | 'rsa-generated'
  | 'rsa-enc-generated'
  | 'ecdsa-generated'
  | 'ecdh-generated'
  | 'eddsa-generated'
  | 'hmac-generated'
  | 'aes-generated'

/**
 * A key provider of the realm and its key. Asymmetric: `privateKey` in PEM (PKCS #8) and `certificate`; symmetric: `secret` in
 * base64url. An RSA key that was never used has no `privateKey` and no `kid` yet: it takes long to generate.
 */
export interface RealmKey {
  id: string
  /** The `kid` in tokens; '' until the key is generated. */
  kid: string
  algorithm: string
  use: 'SIG' | 'ENC'
  /** The id of the provider's component. */
  providerId: string
  priority: number
  createdAt: number
  /** Absent in realms stored before there were several providers. */
  provider?: KeyProviderId
  name?: string
  /** The component's configuration without its secrets. */
  config?: Readonly<Record<string, readonly string[]>>
  /** Whether it signs: default true. */
  active?: boolean
  /** Whether it verifies, and is in the JWKS: default true. */
  enabled?: boolean
  privateKey?: string
  certificate?: string
  validTo?: number
  secret?: string
}
