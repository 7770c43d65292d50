import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder, run } from './support.ts'

// The guard in GraphQL and in gateways, on Nest's own drivers.

const refused = (message: string, code: string, logged: string): unknown => ({
  errors: 1,
  message,
  code,
  logged: [logged],
})
const forbidden = refused('Insufficient permissions', 'FORBIDDEN', 'CW_FORBIDDEN')
const challenge = 'Bearer realm="shop"'

const graphql = {
  me: { me: 'alice' },
  'me, no token': {
    ...(refused('Not authenticated', 'UNAUTHENTICATED', 'CW_TOKEN_MISSING') as object),
    challenge,
  },
  'me, a bad token': {
    ...(refused('Invalid authentication credentials', 'UNAUTHENTICATED', 'CW_TOKEN_MALFORMED') as object),
    challenge,
  },
  berths: { berths: 'three' },
  'berths, another role': forbidden,
  'two rules, one fails': forbidden,
  'anyone, no token': { tide: 'low' },
  'anyone, a token': { tide: 'alice' },
  'several fields at once': { me: 'alice', berths: 'three', tide: 'alice' },
  'the arguments of each field': forbidden,
  mutation: { move: 'moved' },
  'mutation, another role': forbidden,
  'a field': { berth: { name: 'one', fee: 'free' } },
  'a field, another role': forbidden,
  subscription: { tides: 'rising' },
  'subscription, no token': 'Not authenticated',
  'subscription, another role': 'Insufficient permissions',
}

const gateway = {
  'me, admin': 'alice',
  'move, admin': 'moved',
  'secret, admin': 'Insufficient permissions',
  'tide, admin': 'low',
  'me, user': 'alice',
  'move, user': 'Insufficient permissions',
  'secret, user': 'Insufficient permissions',
  'tide, user': 'low',
  'me, nobody': 'Not authenticated',
  'move, nobody': 'Not authenticated',
  'secret, nobody': 'Not authenticated',
  'tide, nobody': 'low',
}

describe.each([
  ['nest11', { mercurius: graphql, apollo: graphql, ws: gateway, 'socket.io': gateway }],
  ['nest12', { mercurius: graphql, ws: gateway, 'socket.io': gateway }],
])('%s', (service, expected) => {
  test('GraphQL operations return data, gateway messages get responses; refusals have their reason', async () => {
    const cwd = join(folder, service)
    cpSync(join(import.meta.dirname, 'services'), cwd, { recursive: true })
    const { code, stdout, stderr } = await run(process.execPath, ['nest-contexts.mjs'], cwd)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject(expected)
  })
})
