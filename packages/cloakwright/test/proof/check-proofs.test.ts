import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type Binding,
  checkProofs,
  createDpop,
  createMtls,
  type Presentation,
  type ProofChecks,
} from '../../src/proof/index.ts'
import { codeOf } from '../support/refusal.ts'
import { makeProofKey, type ProofKey, signProof } from './support/proofs.ts'

const certificate = Buffer.from('the certificate of the client')
const other = Buffer.from('another certificate')
const x5t = createHash('sha256').update(certificate).digest('base64url')
const accessToken = 'header.payload.signature'
const now = Date.UTC(2026, 0, 1)

let key: ProofKey
let both: ProofChecks
beforeAll(async () => {
  key = await makeProofKey()
  both = { dpop: createDpop({ publicUrl: 'https://api.example.com' }), mtls: createMtls({ from: 'socket' }) }
})

const presented = async (change: Partial<Presentation> = {}): Promise<Presentation> => ({
  scheme: 'DPoP',
  method: 'GET',
  target: '/',
  dpop: [await signProof(key, { method: 'GET', uri: 'https://api.example.com/', accessToken, now })],
  certificate: () => certificate,
  ...change,
})

async function codeWith(
  binding: Binding | undefined,
  change: Partial<Presentation> = {},
  checks: ProofChecks = both,
): Promise<string> {
  const presentation = await presented(change)
  return codeOf(() => checkProofs(binding, presentation, accessToken, checks, now))
}

const bearer = { scheme: 'Bearer', dpop: [] } as const

describe('a token without a binding', () => {
  test('needs no proof', async () => {
    expect(await codeWith(undefined, bearer)).toBe('accepted')
    expect(await codeWith(undefined, bearer, {})).toBe('accepted')
  })

  test('is refused with the scheme DPoP', async () => {
    expect(await codeWith(undefined)).toBe('CW_PROOF_INVALID')
  })

  test('is accepted without reading the request’s certificate', async () => {
    const certificateOf = () => {
      throw new Error('not needed')
    }
    expect(await codeWith(undefined, { ...bearer, certificate: certificateOf })).toBe('accepted')
  })
})

describe('a token bound to a DPoP key', () => {
  test('needs a proof', async () => {
    expect(await codeWith({ jkt: key.jkt })).toBe('accepted')
    expect(await codeWith({ jkt: key.jkt }, { dpop: [] })).toBe('CW_PROOF_INVALID')
  })

  test('is refused as a bearer token, even with its proof', async () => {
    expect(await codeWith({ jkt: key.jkt }, bearer)).toBe('CW_TOKEN_BOUND')
    expect(await codeWith({ jkt: key.jkt }, { scheme: 'Bearer' })).toBe('CW_TOKEN_BOUND')
  })

  test('is refused if no proofs are checked', async () => {
    expect(await codeWith({ jkt: key.jkt }, {}, { mtls: both.mtls })).toBe('CW_TOKEN_BOUND')
  })
})

describe('a token bound to a certificate', () => {
  test('needs that certificate', async () => {
    expect(await codeWith({ x5t }, bearer)).toBe('accepted')
    expect(await codeWith({ x5t }, { ...bearer, certificate: () => other })).toBe('CW_PROOF_CERTIFICATE')
    expect(await codeWith({ x5t }, { ...bearer, certificate: () => undefined })).toBe('CW_PROOF_CERTIFICATE')
  })

  test('is refused with the scheme DPoP', async () => {
    expect(await codeWith({ x5t })).toBe('CW_PROOF_INVALID')
  })

  test('is refused if no certificates are checked', async () => {
    expect(await codeWith({ x5t }, bearer, { dpop: both.dpop })).toBe('CW_TOKEN_BOUND')
  })
})

describe('a token bound to both', () => {
  test('needs both', async () => {
    const binding = { jkt: key.jkt, x5t }
    expect(await codeWith(binding)).toBe('accepted')
    expect(await codeWith(binding, { certificate: () => other })).toBe('CW_PROOF_CERTIFICATE')
    expect(await codeWith(binding, { dpop: [] })).toBe('CW_PROOF_INVALID')
    expect(await codeWith(binding, bearer)).toBe('CW_TOKEN_BOUND')
    expect(await codeWith(binding, {}, { dpop: both.dpop })).toBe('CW_TOKEN_BOUND')
    expect(await codeWith(binding, {}, { mtls: both.mtls })).toBe('CW_TOKEN_BOUND')
  })

  test('does not use up its proof if the certificate is wrong', async () => {
    const { dpop } = await presented()
    expect(await codeWith({ jkt: key.jkt, x5t }, { dpop, certificate: () => other })).toBe(
      'CW_PROOF_CERTIFICATE',
    )
    expect(await codeWith({ jkt: key.jkt, x5t }, { dpop })).toBe('accepted')
    expect(await codeWith({ jkt: key.jkt, x5t }, { dpop })).toBe('CW_PROOF_REPLAYED')
  })
})
