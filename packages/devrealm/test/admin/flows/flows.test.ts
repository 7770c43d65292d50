import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminTarget, openAdmin } from '../support.ts'

describe('authentication flows', () => {
  let target: AdminTarget

  beforeAll(async () => {
    target = await openAdmin()
  })
  afterAll(() => target.close())

  it('are Keycloak’s defaults, with stable ids', async () => {
    const { admin } = target
    const flows = await admin.authenticationManagement.getFlows()
    expect(flows.map((flow) => flow.alias)).toEqual([
      'browser',
      'direct grant',
      'registration',
      'reset credentials',
      'clients',
      'first broker login',
      'docker auth',
    ])
    expect(await admin.authenticationManagement.getFlows()).toEqual(flows)
  })

  it('can be copied, extended with a conditional one-time code, and bound to the realm', async () => {
    const { admin } = target
    const management = admin.authenticationManagement
    await management.copyFlow({ flow: 'browser', newName: 'strict' })
    await management.addFlowToFlow({
      flow: 'strict forms',
      alias: 'admin code',
      type: 'basic-flow',
      provider: '',
      description: 'administrators',
    })
    const condition = await management.addExecutionToFlow({
      flow: 'admin code',
      provider: 'conditional-user-role',
    })
    const code = await management.addExecutionToFlow({ flow: 'admin code', provider: 'auth-otp-form' })
    await management.createConfig({
      id: condition.id ?? '',
      alias: 'admins',
      config: { condUserRole: 'admin' },
    })
    const steps = await management.getExecutions({ flow: 'strict' })
    const sub = steps.find((step) => step.displayName === 'admin code')
    for (const [step, requirement] of [
      [sub, 'CONDITIONAL'],
      [steps.find((each) => each.id === condition.id), 'REQUIRED'],
      [steps.find((each) => each.id === code.id), 'REQUIRED'],
    ] as const) {
      await management.updateExecution({ flow: 'strict' }, { ...step, requirement })
    }
    await admin.realms.update({ realm: 'demo' }, { browserFlow: 'strict' })

    const after = await management.getExecutions({ flow: 'strict' })
    expect(after.slice(-3)).toMatchObject([
      { displayName: 'admin code', requirement: 'CONDITIONAL', level: 1, index: 2, authenticationFlow: true },
      { providerId: 'conditional-user-role', requirement: 'REQUIRED', level: 2, index: 0, alias: 'admins' },
      { providerId: 'auth-otp-form', requirement: 'REQUIRED', level: 2, index: 1 },
    ])
    // The original is untouched.
    const original = await management.getExecutions({ flow: 'browser' })
    expect(original.some((step) => step.displayName === 'admin code')).toBe(false)
    expect((await admin.realms.findOne({ realm: 'demo' }))?.browserFlow).toBe('strict')
  })

  it.each([
    ['an unknown flow', 'POST', '/nope/copy', {}, 404, '{"error":"Flow not found"}'],
    [
      'a step of a built-in flow',
      'POST',
      '/browser/executions/execution',
      { provider: 'auth-otp-form' },
      400,
      '{"error":"It is illegal to add execution to a built in flow"}',
    ],
    [
      'an unknown authenticator',
      'POST',
      '/strict/executions/execution',
      { provider: 'nope' },
      400,
      '{"error":"No authentication provider found for id: nope"}',
    ],
    [
      'a name that already exists',
      'POST',
      '',
      { alias: 'browser', providerId: 'basic-flow' },
      409,
      '{"errorMessage":"Flow browser already exists"}',
    ],
  ])('reject %s', async (_, method, path, body, status, text) => {
    expect(await target.send(method, `/demo/authentication/flows${path}`, body)).toMatchObject({
      status,
      text,
    })
  })

  it('cannot be deleted while bound to the realm', async () => {
    const { admin } = target
    const flow = (await admin.authenticationManagement.getFlows()).find(({ alias }) => alias === 'strict')
    const path = `/demo/authentication/flows/${flow?.id}`
    expect((await target.send('DELETE', path)).status).toBe(500)
    await admin.realms.update({ realm: 'demo' }, { browserFlow: 'browser' })
    expect((await target.send('DELETE', path)).status).toBe(204)
    expect((await target.send('GET', '/demo/authentication/flows/admin%20code/executions')).status).toBe(404)
  })
})
