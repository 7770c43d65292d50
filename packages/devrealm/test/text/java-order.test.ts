import { describe, expect, it } from 'vitest'
import { javaOrder } from '../../src/text/java-order.ts'

describe('javaOrder', () => {
  it.each([
    ['email_verified name preferred_username given_name family_name email'],
    ['offline_access default-roles-oidc-rec5 uma_authorization renamed r1'],
    ['p_uma_authorization p_default-roles-oidc-rec5 p_offline_access p_r1 p_renamed'],
    [
      'a x.y email_verified gn num groups preferred_username given_name myroles colors obj name family_name email',
    ],
  ])('sorts as Keycloak does: %s', (recorded) => {
    const names = recorded.split(' ')
    expect(javaOrder(names.toSorted())).toEqual(names)
  })

  it('has no duplicates', () => {
    expect(javaOrder(['a', 'b', 'a'])).toEqual(['a', 'b'])
  })
})
