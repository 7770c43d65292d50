import { describe, expect, it } from 'vitest'
import { ClaimSet } from '../../../src/oidc/mappers/claim-set.ts'

describe('ClaimSet', () => {
  it('nests names at dots, except at escaped dots', () => {
    const claims = new ClaimSet()
    claims.set('a.b', 1)
    claims.set('a.c', 2)
    claims.set('x\\.y', 3)
    expect(claims.toClaims()).toEqual({ a: { b: 1, c: 2 }, 'x.y': 3 })
  })

  it.each(['exp', 'iss', 'typ', 'azp', 'sid', 'jti', 'scope', '__proto__', 'a.__proto__', '__proto__.admin'])(
    'does not let a mapper set %s',
    (name) => {
      const claims = new ClaimSet({ iss: 'issuer' })
      claims.set(name, 'evil')
      expect(claims.toClaims()).toEqual({ iss: 'issuer' })
      expect(({} as Record<string, unknown>).admin).toBeUndefined()
    },
  )

  it('writes one audience as a string, several as a list', () => {
    const claims = new ClaimSet()
    claims.addAudience('a')
    expect(claims.toClaims()).toEqual({ aud: 'a' })
    claims.addAudience('b')
    expect(claims.toClaims()).toEqual({ aud: ['a', 'b'] })
  })
})
