import type { GuardOptions } from 'cloakwright'
import { sessionOf as expressSession } from 'cloakwright/express'
import { sessionOf as fastifySession } from 'cloakwright/fastify'
import { sessionOf as honoSession } from 'cloakwright/hono'
import { sessionOf as nestSession } from 'cloakwright/nest'
import { cloakwright as next } from 'cloakwright/next'
import { createSessions, type Session, type SessionEngine } from 'cloakwright/session'
import { sessionOf as webSession } from 'cloakwright/web'
import { expectTypeOf, test } from 'vitest'

interface Data {
  readonly theme: string
}

declare const sessions: SessionEngine<Data>
declare const options: Parameters<typeof createSessions<Data>>[0]
declare const guard: Omit<GuardOptions, 'sessions'>

test('the data of a session has the type of its engine, in every adapter', () => {
  type Typed = Session<Data> | undefined
  expectTypeOf(createSessions<Data>).returns.toEqualTypeOf<SessionEngine<Data>>()
  expectTypeOf(expressSession<Data>).returns.toEqualTypeOf<Typed>()
  const ofEngine = {
    express: (request: Parameters<typeof expressSession>[0]) => expressSession(request, sessions),
    fastify: (request: Parameters<typeof fastifySession>[0]) => fastifySession(request, sessions),
    hono: (context: Parameters<typeof honoSession>[0]) => honoSession(context, sessions),
    nest: (request: object) => nestSession(request, sessions),
    next: () => next({ ...guard, sessions }).getSession(),
    web: (request: Request) => webSession(request, sessions),
  }
  expectTypeOf<Awaited<ReturnType<(typeof ofEngine)[keyof typeof ofEngine]>>>().toEqualTypeOf<Typed>()
  expectTypeOf<Session<Data>['data']>().toEqualTypeOf<Data | undefined>()
  // Guards and functions of the engine take sessions with any data.
  expectTypeOf<SessionEngine<Data>>().toExtend<NonNullable<GuardOptions['sessions']>>()
  expectTypeOf<Session<Data>>().toExtend<Parameters<SessionEngine['list']>[0]>()
  // Without the engine, nothing is assumed.
  expectTypeOf(webSession).returns.toEqualTypeOf<Session | undefined>()
  expectTypeOf<typeof options.onLogin>().not.toBeAny()
})
