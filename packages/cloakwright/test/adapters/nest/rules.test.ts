import { applyDecorators, Controller, Get, SetMetadata, UseGuards } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { not, role, user } from 'cloakwright'
import {
  AllowAnonymous,
  CloakwrightGuard,
  CloakwrightModule,
  RequireClientRole,
  RequirePolicy,
  RequireRole,
  RequireScope,
  RequireUser,
  type RuleDecorator,
} from 'cloakwright/nest'
import { describe, expect, test } from 'vitest'
import { decorate, useNest } from '../drivers/nest-service.ts'

// Which rules apply to a method. The token has the realm roles user and admin, and the client role stock-keeper.

const world = useNest()

const holds = RequireRole('admin')
const fails = RequireRole('nobody')
const open = AllowAnonymous()

/** Positions of the guard relative to the decorators. */
const settings: Record<string, { readonly forAll: boolean; readonly again: boolean }> = {
  'decorators alone': { forAll: false, again: false },
  'with the guard for all routes': { forAll: true, again: false },
  'with UseGuards as well': { forAll: true, again: true },
}

type Class = new () => object
let paths = 0

/** Creates a controller with one route, with a base class if there is one. */
function makeController(
  onClass: readonly RuleDecorator[],
  onMethod: readonly MethodDecorator[],
  base: Class = class {},
): { readonly path: string; readonly controller: Class } {
  class Orders extends base {
    list() {
      return {}
    }
  }
  const path = `/orders-${(paths += 1)}`
  decorate(Orders, 'list', Get(), ...onMethod)
  for (const decorator of onClass.toReversed()) decorator(Orders)
  Controller(path)(Orders)
  return { path, controller: Orders }
}

/** Statuses with and without the token. */
async function statusesOf(
  { path, controller }: { readonly path: string; readonly controller: Class },
  { forAll = false } = {},
): Promise<readonly number[]> {
  const service = await world.start({
    imports: [CloakwrightModule.forRoot(world.options())],
    controllers: [controller],
    providers: forAll ? [{ provide: APP_GUARD, useExisting: CloakwrightGuard }] : [],
  })
  const found = [...(await world.statuses(service, [path])), ...(await world.statuses(service, [path], ''))]
  await service.close()
  return found
}

const forbidden = [403, 401]
const allowed = [200, 401]
const anyone = [200, 200]

const cases: readonly (readonly [
  name: string,
  onClass: readonly RuleDecorator[],
  onMethod: readonly RuleDecorator[],
  expected: readonly number[],
])[] = [
  ['one rule that holds', [], [holds], allowed],
  ['two that hold', [], [holds, RequireUser()], allowed],
  ['two on a method, the upper fails', [], [fails, holds], forbidden],
  ['two on a method, the lower fails', [], [holds, fails], forbidden],
  ['a role and a scope', [], [holds, RequireScope('orders:write')], forbidden],
  ['a scope and a role', [], [RequireScope('openid'), fails], forbidden],
  ['a role and a client role', [], [holds, RequireClientRole('shop-api', 'nothing')], forbidden],
  ['a role and a policy', [], [holds, RequirePolicy(not(role('admin')))], forbidden],
  ['a policy and a user', [], [RequirePolicy(role('nobody')), RequireUser()], forbidden],
  ['three, the one in the middle fails', [], [holds, fails, RequireUser()], forbidden],
  ['two on the class, the upper fails', [fails, holds], [RequireUser()], forbidden],
  ['two on the class, the lower fails', [holds, fails], [RequireUser()], forbidden],
  ['the class fails, the method holds', [fails], [holds], forbidden],
  ['the class holds, the method fails', [holds], [fails], forbidden],
  ['both hold', [RequireUser()], [holds], allowed],
  ['the class alone', [fails], [], forbidden],
  ['rules from one decorator of the application’s own', [], [applyDecorators(holds, fails)], forbidden],
  ['the same in the other order', [], [applyDecorators(fails, holds)], forbidden],
  ['AllowAnonymous on the method lifts the class', [fails], [open], anyone],
  ['AllowAnonymous on the class opens its methods', [open], [], anyone],
  ['AllowAnonymous on the class does not lift the method', [open], [fails], forbidden],
  ['AllowAnonymous above a rule of the same method', [], [open, fails], forbidden],
  ['AllowAnonymous below a rule of the same method', [], [fails, open], forbidden],
  ['AllowAnonymous next to a rule does not override the class either', [fails], [holds, open], forbidden],
  ['AllowAnonymous next to a rule of the same class', [open, fails], [], forbidden],
  ['AllowAnonymous next to a rule of the same class, in the other order', [holds, open], [], allowed],
]

describe.each(Object.entries(settings))('%s', (_name, { forAll, again }) => {
  test.each(cases)('%s', async (_case, onClass, onMethod, expected) => {
    const more = again ? [UseGuards(CloakwrightGuard)] : []
    expect(await statusesOf(makeController(onClass, [...more, ...onMethod, ...more]), { forAll })).toEqual(
      expected,
    )
  })
})

describe('a controller that extends another', () => {
  /** A base class with its rules, and a method `list` with its own. */
  const baseOf = (onClass: readonly RuleDecorator[], onMethod: readonly RuleDecorator[]): Class =>
    makeController(onClass, onMethod).controller
  /** One that does not override the method. */
  const inherit = (base: Class, onClass: readonly RuleDecorator[] = []) => {
    class Orders extends base {}
    for (const decorator of onClass.toReversed()) decorator(Orders)
    const path = `/orders-${(paths += 1)}`
    Controller(path)(Orders)
    return { path, controller: Orders }
  }

  test.each<[string, () => { readonly path: string; readonly controller: Class }, readonly number[]]>([
    ['inherits the rules of the class', () => inherit(baseOf([fails], [])), forbidden],
    ['keeps them next to its own rules', () => inherit(baseOf([fails], []), [holds]), forbidden],
    ['adds rules of its own', () => inherit(baseOf([holds], []), [fails]), forbidden],
    ['inherits the rules of the method', () => inherit(baseOf([], [fails])), forbidden],
    ['does not lift the inherited method’s rules', () => inherit(baseOf([], [fails]), [open]), forbidden],
    ['lifts the rules of the base class', () => inherit(baseOf([fails], []), [open]), anyone],
    ['keeps AllowAnonymous of the base class', () => inherit(baseOf([open], [])), anyone],
    ['adds rules to a base class that is open', () => inherit(baseOf([open], []), [fails]), forbidden],
    [
      'overrides a method, whose rules hold',
      () => makeController([], [holds], baseOf([], [fails])),
      forbidden,
    ],
    ['overrides a method and opens it', () => makeController([], [open], baseOf([fails], [fails])), anyone],
    [
      'overrides a method that is open: it is so no more',
      () => makeController([], [], baseOf([], [open])),
      allowed,
    ],
    ['overrides it in a class with rules', () => makeController([fails], [], baseOf([], [])), forbidden],
    [
      'is the third in a line',
      () => makeController([holds], [holds], inherit(baseOf([fails], [])).controller),
      forbidden,
    ],
  ])('%s', async (_name, make, expected) => {
    expect(await statusesOf(make(), { forAll: true })).toEqual(expected)
  })

  test('does not change the base class', async () => {
    const base = makeController([holds], [])
    inherit(base.controller, [fails])
    expect(await statusesOf(base)).toEqual(allowed)
  })
})

describe('with decorators of other packages', () => {
  /** Replaces the method's function and drops its metadata. */
  const wrap: MethodDecorator = (_target, _name, descriptor) => {
    const { value } = descriptor as { value: (this: unknown, ...args: unknown[]) => unknown }
    Object.assign(descriptor, {
      value(this: unknown, ...args: unknown[]) {
        return value.apply(this, args)
      },
    })
  }

  test('one that replaces the method’s function', async () => {
    const above = makeController([], [wrap, fails])
    const below = makeController([], [fails, wrap])
    for (const made of [above, below]) expect(await statusesOf(made, { forAll: true })).toEqual(forbidden)
  })

  test('one on top that loses the guard: the application does not start', async () => {
    const { controller } = makeController([], [wrap, fails])
    await expect(
      world.start({ imports: [CloakwrightModule.forRoot(world.options())], controllers: [controller] }),
    ).rejects.toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: expect.stringMatching(/^Orders\.list: its rules would have no effect/) as string,
    })
  })

  describe('a method that the constructor binds', () => {
    const bound = (onClass: readonly RuleDecorator[], onMethod: readonly RuleDecorator[]) => {
      const made = makeController([], onMethod)
      const { controller } = made
      const binding = class extends controller {
        constructor() {
          super()
          Object.assign(this, { list: (this as unknown as { list(): unknown }).list.bind(this) })
        }
      }
      for (const decorator of [Controller(made.path), ...onClass]) decorator(binding)
      return { path: made.path, controller: binding }
    }

    test('keeps its rules if the guard is on the class or for all routes', async () => {
      expect(await statusesOf(bound([holds], [fails]))).toEqual(forbidden)
      expect(await statusesOf(bound([], [fails]), { forAll: true })).toEqual(forbidden)
      expect(await statusesOf(bound([holds], [holds]))).toEqual(allowed)
    })

    test('loses a guard on the method only: the application does not start', async () => {
      await expect(statusesOf(bound([], [fails]))).rejects.toThrow('its rules would have no effect')
    })
  })

  test('metadata of the application changes nothing', async () => {
    const made = makeController([fails], [SetMetadata('cloakwright:rule', user()), holds])
    expect(await statusesOf(made)).toEqual(forbidden)
  })
})

test('a method that overrides one with rules, and for which no guard runs: the application does not start', async () => {
  const base = makeController([], [fails]).controller
  const { controller } = makeController([], [], base)
  await expect(
    world.start({ imports: [CloakwrightModule.forRoot(world.options())], controllers: [controller] }),
  ).rejects.toThrow('Orders.list: its rules would have no effect')
})

test('a field resolver, for which Nest runs no guards: the application does not start', async () => {
  class Quays {
    fee() {}
  }
  // The metadata of @ResolveField(), and the options that GraphQLModule keeps.
  decorate(Quays, 'fee', SetMetadata('graphql:resolve_property', true), holds)
  const start = (fieldResolverEnhancers?: readonly string[]) =>
    world.start({
      imports: [CloakwrightModule.forRoot(world.options())],
      providers: [Quays, { provide: 'GqlModuleOptions', useValue: { fieldResolverEnhancers } }],
    })
  await expect(start()).rejects.toThrow('Quays.fee: its rules would have no effect: Nest runs no guards')
  await (await start(['guards'])).close()
})

test.each(['cancel', 'handleConnection'])(
  'a method %s that is not a handler, so no guard runs: the application does not start',
  async (name) => {
    class Orders {
      cancel() {}
      handleConnection() {}
    }
    decorate(Orders, name, fails)
    const start = () =>
      world.start({ imports: [CloakwrightModule.forRoot(world.options())], providers: [Orders] })
    await expect(start()).rejects.toThrow(`Orders.${name}: its rules would have no effect: it is not a route`)
    // Another package may have made it a handler.
    SetMetadata('bot:command', name)(Orders.prototype, name, {
      value: Orders.prototype[name as 'cancel'],
    })
    await (await start()).close()
  },
)

test('another class that applies its rules around another’s', async () => {
  const { path, controller } = makeController([holds], [fails])
  const mixed = class extends controller {}
  Controller(path)(mixed)
  expect(await statusesOf({ path, controller: mixed })).toEqual(forbidden)
})

test.each<[string, () => unknown]>([
  ['a property', () => (RequireUser() as PropertyDecorator)(class {}.prototype, 'name')],
  [
    'a getter',
    () =>
      RequireUser()(class {}.prototype, 'name', {
        get: () => undefined,
      }),
  ],
])('a rule on %s is refused at once', (_name, apply) => {
  expect(apply).toThrow(/\.name: a decorator of cloakwright guards methods and classes only/)
})
