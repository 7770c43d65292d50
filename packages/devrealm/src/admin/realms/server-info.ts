import { secretRotation } from '../../oidc/index.ts'
import { forbidden } from '../errors.ts'
import { type AdminApi, accessTo, callerOf, isVisitor, ok, sendAnswer } from '../request/index.ts'

/** `/admin/serverinfo`: only features and password hash providers. */
export function serverInfoRoutes({ app, context }: AdminApi): void {
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
    return sendAnswer(reply, ok({ profileInfo, features, providers }))
  })
}

/** The supported password hash algorithms. */
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
