import { readFileSync } from 'node:fs'
import { definedRoleNames, toRoleTypes } from '@cloakwright/admin/realm'
import { expect, test } from 'vitest'
import { realmDefinition } from '../src/realm.ts'

test.each(['development', 'production'] as const)(
  'src/realm-roles.d.ts has the roles of the %s realm: npx cloakwright realm types --realm apps/server/dist/realm.js --out apps/server/src/realm-roles.d.ts',
  (profile) => {
    const definition = realmDefinition({
      realm: 'cloakwright',
      clientId: 'cloakwright-app',
      clientSecret: 'secret-of-the-server',
      publicUrl: 'http://localhost:8000',
      profile,
    })
    const file = readFileSync(new URL('../src/realm-roles.d.ts', import.meta.url), 'utf8')
    expect(toRoleTypes(definedRoleNames(definition))).toBe(file)
  },
)
