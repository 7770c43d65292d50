import type { Admin } from '@cloakwright/admin'
import {
  describeChange,
  type ExecutionDefinition,
  ensureRealm,
  type RealmDefinition,
} from '@cloakwright/admin/realm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

describe('authentication flows and required actions', () => {
  const writes = ['POST', 'PUT', 'DELETE']
  let target: Target

  beforeAll(async () => {
    target = await openTarget()
  })
  beforeEach(() => target.proxy.reset())
  afterAll(() => target.close())

  test('a flow is built with the flows in it, in order, and then bound', async () => {
    const { admin, realm, definition } = at()

    expect(await lines(admin, definition)).toEqual([
      `+ realm ${realm}`,
      '+ authentication flow login',
      '~ required action VERIFY_EMAIL: defaultAction',
      `~ realm ${realm}: browserFlow`,
    ])

    expect(await outline(admin)).toEqual([
      'Cookie ALTERNATIVE',
      'login forms ALTERNATIVE',
      '  Username Password Form REQUIRED',
      '  login second factor CONDITIONAL',
      '    Condition - user role REQUIRED {"condUserRole":"admin"}',
      '    OTP Form REQUIRED',
    ])
    target.proxy.reset()
    expect(await lines(admin, definition)).toEqual([])
    expect(target.proxy.count(...writes)).toBe(0)
  })

  test.each<{ what: string; drift: (admin: Admin) => Promise<unknown>; says: string }>([
    {
      what: 'a requirement',
      drift: async (admin) => update(admin, 'OTP Form', { requirement: 'DISABLED' }),
      says: '~ authentication flow login: login forms/login second factor/auth-otp-form.requirement',
    },
    {
      what: 'a setting',
      drift: async ({ client: { authenticationManagement: flows } }) => {
        const executions = await flows.getExecutions({ flow: 'login' })
        const id =
          executions.find(({ authenticationConfig }) => authenticationConfig !== undefined)
            ?.authenticationConfig ?? ''
        await flows.updateConfig({ id, alias: 'administrators', config: { condUserRole: 'nobody' } })
      },
      says: '~ authentication flow login: login forms/login second factor/conditional-user-role.config.condUserRole',
    },
    {
      what: 'an execution that is gone, from where it belongs',
      drift: async (admin) =>
        admin.client.authenticationManagement.delExecution({
          id: await idOf(admin, 'Username Password Form'),
        }),
      says: '~ authentication flow login: login forms/auth-username-password-form',
    },
    {
      what: 'the order',
      drift: async (admin) =>
        admin.client.authenticationManagement.raisePriorityExecution({
          id: await idOf(admin, 'login forms'),
        }),
      says: '~ authentication flow login: order',
    },
    {
      what: 'the flow that the realm uses',
      drift: async ({ client, realm }) => client.realms.update({ realm }, { browserFlow: 'browser' }),
      says: '~ realm {realm}: browserFlow',
    },
    {
      what: 'a required action',
      drift: async ({ client }) =>
        client.authenticationManagement.updateRequiredAction(
          { alias: 'VERIFY_EMAIL' },
          {
            alias: 'VERIFY_EMAIL',
            name: 'Verify Email',
            providerId: 'VERIFY_EMAIL',
            enabled: false,
            defaultAction: true,
            priority: 50,
          },
        ),
      says: '~ required action VERIFY_EMAIL: enabled',
    },
  ])('reverts drift: $what', async ({ drift, says }) => {
    const { admin, realm, definition } = at()
    await ensureRealm(admin, definition)
    const before = await outline(admin)
    await drift(admin)

    expect(await lines(admin, definition)).toEqual([says.replace('{realm}', realm)])

    expect(await outline(admin)).toEqual(before)
    expect(await lines(admin, definition)).toEqual([])
  })

  test('an execution that someone added stays', async () => {
    const { admin, definition } = at()
    await ensureRealm(admin, definition)
    await admin.client.authenticationManagement.addExecutionToFlow({
      flow: 'login',
      provider: 'identity-provider-redirector',
    })

    expect(await lines(admin, definition)).toEqual([])

    expect(await outline(admin)).toContain('Identity Provider Redirector DISABLED')
  })

  test('a required action that Keycloak does not have is named', async () => {
    const { admin, realm } = at()

    const error = await caught(
      ensureRealm(admin, { realm, requiredActions: [{ alias: 'NO_SUCH_ACTION', enabled: true }] }),
    )

    expect(error.code).toBe('CW_REALM_MISMATCH')
    expect(error.message).toContain('no required action NO_SUCH_ACTION')
  })

  function at(): { admin: Admin; realm: string; definition: RealmDefinition } {
    const realm = target.realmName()
    return { admin: target.admin({ realm }), realm, definition: definitionOf(realm) }
  }
})

const executions: ExecutionDefinition[] = [
  { authenticator: 'auth-cookie', requirement: 'ALTERNATIVE' },
  {
    flow: 'login forms',
    requirement: 'ALTERNATIVE',
    executions: [
      { authenticator: 'auth-username-password-form', requirement: 'REQUIRED' },
      {
        flow: 'login second factor',
        requirement: 'CONDITIONAL',
        executions: [
          {
            authenticator: 'conditional-user-role',
            requirement: 'REQUIRED',
            config: { alias: 'administrators', config: { condUserRole: 'admin' } },
          },
          { authenticator: 'auth-otp-form', requirement: 'REQUIRED' },
        ],
      },
    ],
  },
]

function definitionOf(realm: string): RealmDefinition {
  return {
    realm,
    browserFlow: 'login',
    authenticationFlows: [{ alias: 'login', executions }],
    requiredActions: [{ alias: 'VERIFY_EMAIL', enabled: true, defaultAction: true }],
  }
}

async function lines(admin: Admin, definition: RealmDefinition): Promise<string[]> {
  return (await ensureRealm(admin, definition)).map(describeChange)
}

/** The flow as an administrator sees it. */
async function outline({ client: { authenticationManagement: flows } }: Admin): Promise<string[]> {
  const listed = await flows.getExecutions({ flow: 'login' })
  return await Promise.all(
    listed.map(async ({ level = 0, displayName, requirement, authenticationConfig }) => {
      const config =
        authenticationConfig === undefined
          ? undefined
          : (await flows.getConfig({ id: authenticationConfig })).config
      return `${'  '.repeat(level)}${displayName} ${requirement}${config === undefined ? '' : ` ${JSON.stringify(config)}`}`
    }),
  )
}

async function idOf({ client }: Admin, displayName: string): Promise<string> {
  const listed = await client.authenticationManagement.getExecutions({ flow: 'login' })
  return listed.find((execution) => execution.displayName === displayName)?.id ?? ''
}

async function update(
  { client: { authenticationManagement: flows } }: Admin,
  displayName: string,
  changes: object,
): Promise<void> {
  const listed = await flows.getExecutions({ flow: 'login' })
  const current = listed.find((execution) => execution.displayName === displayName)
  await flows.updateExecution({ flow: 'login' }, { ...current, ...changes })
}
