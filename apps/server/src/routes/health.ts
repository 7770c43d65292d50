import type { DevRealm } from '@cloakwright/devrealm'
import type { Verifier } from 'cloakwright'
import type { SqlClient } from 'cloakwright/state'
import { Type } from 'typebox'
import type { App } from '../app.ts'

/** Milliseconds after which a check that has not answered counts as failed. */
const PATIENCE = 2000

const State = Type.Union([Type.Literal('ok'), Type.Literal('failed')])
const Readiness = Type.Object({ status: State, checks: Type.Record(Type.String(), State) })

/**
 * `/health/live`: the process answers. `/health/ready`: it can also do its work, because the database answers, an embedded
 * realm can write to it, and the realm's keys are known. 503 takes a replica out of the load balancer, and brings it back by itself.
 */
export function healthRoutes(
  app: App,
  sql: SqlClient,
  verifier: Verifier,
  realm?: Pick<DevRealm, 'isWritable'>,
): void {
  const quiet = { logLevel: 'warn' as const }
  app.get(
    '/health/live',
    {
      ...quiet,
      schema: {
        summary: 'The process answers',
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
        summary: 'Database and keys are there',
        tags: ['operations'],
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (request, reply) => {
      const failed = (check: string) => (error: unknown) =>
        request.log.warn({ err: error, check }, 'not ready')
      const [database, keys] = await Promise.all([
        passes(Promise.all([sql.query('select 1', []), realm && writable(realm)]), failed('database')),
        passes(verifier.ready(), failed('keys')),
      ])
      const ready = database === 'ok' && keys === 'ok'
      if (!ready) void reply.code(503).header('retry-after', '5')
      return { status: ready ? ('ok' as const) : ('failed' as const), checks: { database, keys } }
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
        timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE)
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
