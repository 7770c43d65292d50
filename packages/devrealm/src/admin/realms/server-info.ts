import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../../context/realm-context.ts'
import { secretRotation } from '../../oidc/clients/secret-rotation.ts'
import { accessTo, isVisitor } from '../request/access.ts'
import { forbidden } from '../request/errors.ts'
import { answer, callerOf, ok } from '../request/router.ts'

/** `/admin/serverinfo`, of which this realm has the features and the password hashes. */
export function serverInfoRoutes(app: FastifyInstance, context: RealmContext): void {
  app.get('/admin/serverinfo', async (request, reply) => {
    const caller = await callerOf(context, request)
    if (!isVisitor(accessTo(caller, caller.realm))) throw forbidden()
    const enabled = context.features.has(secretRotation)
    const features = [
      {
        name: 'CLIENT_SECRET_ROTATION',
        label: 'Client Secret Rotation',
        type: 'PREVIEW',
        dependencies: [],
        enabled,
      },
    ]
    const names = features.map(({ name }) => name)
    const profileInfo = {
      name: 'default',
      disabledFeatures: enabled ? [] : names,
      previewFeatures: names,
      experimentalFeatures: [],
    }
    return answer(reply, ok({ profileInfo, features, providers }))
  })
}

/** The algorithms of stored passwords that a login checks. */
const providers = {
  'password-hashing': {
    internal: true,
    providers: {
      argon2: { order: 300 },
      'pbkdf2-sha512': { order: 200 },
      'pbkdf2-sha256': { order: 100 },
      pbkdf2: { order: -100 },
    },
  },
}
