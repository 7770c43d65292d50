import type { DevRealm } from '@cloakwright/devrealm'
import { CloakwrightError, type ErrorCode, type Verifier } from 'cloakwright'
import { Type } from 'typebox'
import type { Database } from '../database/index.ts'
import type { App } from '../http/index.ts'

/** Milliseconds after which a check without a result counts as failed. */
const patienceMs = 2000

const State = Type.Union([Type.Literal('ok'), Type.Literal('failed')])
const Readiness = Type.Object({
  status: State,
  checks: Type.Record(Type.String(), State),
  reasons: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description:
        'The code of each check that failed: https://github.com/cloakwright/cloakwright/blob/main/docs/errors.md',
    }),
  ),
})

/**
 * `/health/live`: the process responds. `/health/ready`: it can also work, because the database responds, an embedded
 * realm can write to it, and the realm's keys are loaded. 503 has the code of each failed check; a load balancer then
 * stops sending requests to this replica, until it is ready again.
 */
export function healthRoutes(
  app: App,
  database: Pick<Database, 'check'>,
  verifier: Verifier,
  realm?: Pick<DevRealm, 'isWritable'>,
): void {
  const quiet = { logLevel: 'warn' as const }
  app.get(
    '/health/live',
    {
      ...quiet,
      schema: {
        summary: 'The process responds',
        tags: ['operations'],
        response: { 200: Type.Object({ status: State }) },
      },
    },
    () => ({ status: 'ok' as const }),
  )
  app.get(
    '/health/ready',
    {
      ...quiet,
      schema: {
        summary: 'The database responds and the keys are loaded',
        tags: ['operations'],
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (request, reply) => {
      const reasons: Record<string, string> = {}
      const failed = (check: string, code: ErrorCode) => (error: unknown) => {
        reasons[check] = error instanceof CloakwrightError ? error.code : code
        request.log.warn({ err: error, check }, 'not ready')
      }
      const [answers, keys] = await Promise.all([
        passes(
          Promise.all([database.check(), realm && writable(realm)]),
          failed('database', 'CW_STATE_UNAVAILABLE'),
        ),
        passes(verifier.ready(), failed('keys', 'CW_KEYS_UNAVAILABLE')),
      ])
      const checks = { database: answers, keys }
      if (answers === 'ok' && keys === 'ok') return { status: 'ok' as const, checks }
      void reply.code(503).header('retry-after', '5')
      return { status: 'failed' as const, checks, reasons }
    },
  )
}

async function writable(realm: Pick<DevRealm, 'isWritable'>): Promise<void> {
  if (!(await realm.isWritable())) throw new Error('the embedded realm cannot write to its database')
}

async function passes(
  check: Promise<unknown>,
  onFailure: (error: unknown) => void,
): Promise<'ok' | 'failed'> {
  let timer: NodeJS.Timeout | undefined
  try {
    await Promise.race([
      check,
      new Promise((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`no response within ${patienceMs} ms`)), patienceMs)
      }),
    ])
    return 'ok'
  } catch (error) {
    onFailure(error)
    return 'failed'
  } finally {
    clearTimeout(timer)
  }
}
