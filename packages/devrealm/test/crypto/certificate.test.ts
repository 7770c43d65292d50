import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import { selfSignedCertificate } from '../../src/crypto/certificate.ts'

it('creates a certificate that OpenSSL can read and verify', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  })
  const [from, to] = [Date.UTC(2026, 0, 2), Date.UTC(2036, 0, 2)]
  const certificate = new X509Certificate(
    Buffer.from(selfSignedCertificate(privateKey, 'my réalm', from, to), 'base64'),
  )
  expect(certificate.subject).toBe('CN=my réalm')
  expect(certificate.verify(certificate.publicKey)).toBe(true)
  expect(certificate.publicKey.export({ type: 'spki', format: 'der' })).toEqual(publicKey)
  expect([Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]).toEqual([from, to])
})
