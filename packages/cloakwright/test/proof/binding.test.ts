import { describe, expect, test } from 'vitest'
import { bindingOf } from '../../src/proof/index.ts'
import { codeOf } from '../support/refusal.ts'

const jkt = 'fYW9nkkgb9v6EpAcbFmqvXPOFn5OSbbR9jD2_ld4Zj0'
const x5t = '0J0u6LeG4oXbGAbI-xSUO6HRHjTMFxQ0zRk8cP2yc-w'

describe('the binding of a token', () => {
  test.each([
    ['nothing', { typ: 'Bearer' }, undefined],
    // Recorded from Keycloak 26.7.4: client_credentials with a proof, token_type DPoP.
    ['a DPoP key, as Keycloak writes it', { typ: 'DPoP', cnf: { jkt, 'kc-jkt-type': 'DPoP' } }, { jkt }],
    ['a certificate', { typ: 'Bearer', cnf: { 'x5t#S256': x5t } }, { x5t }],
    ['both', { typ: 'DPoP', cnf: { jkt, 'x5t#S256': x5t } }, { jkt, x5t }],
    ['nothing, by an inherited cnf', Object.create({ cnf: { jkt } }), undefined],
  ])('%s', (_name, claims, binding) => {
    expect(bindingOf(claims)).toEqual(binding)
  })

  test.each([
    ['cnf is null', { cnf: null }],
    ['cnf is a string', { cnf: jkt }],
    ['cnf is a list', { cnf: [{ jkt }] }],
    ['cnf is empty', { cnf: {} }],
    ['cnf has unknown members only', { cnf: { kid: 'k', 'kc-jkt-type': 'DPoP' } }],
    ['jkt is only inherited', { cnf: Object.create({ jkt }) }],
    ['jkt is not a string', { cnf: { jkt: 1 } }],
    ['jkt is empty', { cnf: { jkt: '' } }],
    ['jkt is too short', { cnf: { jkt: jkt.slice(1) } }],
    ['jkt is malformed with a valid certificate', { cnf: { jkt: null, 'x5t#S256': x5t } }],
    ['x5t#S256 is hexadecimal', { cnf: { 'x5t#S256': 'ab'.repeat(32) } }],
    ['typ is DPoP without cnf', { typ: 'DPoP' }],
    ['typ is DPoP with a certificate only', { typ: 'DPoP', cnf: { 'x5t#S256': x5t } }],
  ])('refused: %s', async (_name, claims) => {
    expect(await codeOf(() => bindingOf(claims))).toBe('CW_TOKEN_BOUND')
  })
})
