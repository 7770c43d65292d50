import type { FastifyInstance } from 'fastify'
import type { Store } from '../store/index.ts'

/**
 * `/health/live`: the process responds. `/health/ready`: changes can be stored; otherwise 503. In the format of Keycloak's
 * management interface.
 */
export function healthRoutes(app: FastifyInstance, store: Store): void {
  app.get('/health/live', () => ({ status: 'UP', checks: [] }))
  app.get('/health/ready', async (_request, reply) => {
    const status = (await store.isWritable()) ? 'UP' : 'DOWN'
    if (status === 'DOWN') void reply.code(503).header('retry-after', '5')
    return { status, checks: [{ name: 'Keycloak database connections async health check', status }] }
  })
}
