/** A key of the realm. Asymmetric: `privateKey` in PEM (PKCS #8) and `certificate`; symmetric: `secret` in base64url. */
export interface RealmKey {
  id: string
  /** The `kid` in tokens. */
  kid: string
  algorithm: 'RS256' | 'RSA-OAEP' | 'HS512' | 'AES'
  use: 'SIG' | 'ENC'
  providerId: string
  priority: number
  createdAt: number
  privateKey?: string
  certificate?: string
  validTo?: number
  secret?: string
}
