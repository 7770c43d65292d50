import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../context/index.ts'
import { endpointRoutes } from '../oidc/index.ts'
import { authEndpoint } from './auth-endpoint.ts'
import { deviceEndpoint, deviceStatus } from './device/index.ts'
import { loginAction } from './login-actions.ts'
import { type LoginContext, loginContext } from './login-context.ts'
import { logoutConfirmation, logoutEndpoint } from './logout.ts'
import { pushedRequestEndpoint } from './pushed-request.ts'
import { sessionStatusRoutes } from './session-status.ts'

/** Mounts the login and logout routes of browsers. */
export function loginRoutes(app: FastifyInstance, context: RealmContext): void {
  const { on, preflight } = endpointRoutes(app, context)
  const onLogin = (
    methods: string[],
    path: string,
    answer: (login: LoginContext) => Promise<unknown>,
  ): void => {
    on(methods, path, async (...given) => answer(loginContext(...given)))
  }
  onLogin(['GET', 'POST'], '/protocol/openid-connect/auth', authEndpoint)
  onLogin(['POST'], '/protocol/openid-connect/ext/par/request', pushedRequestEndpoint)
  for (const path of ['/protocol/openid-connect/auth/device', '/device']) {
    onLogin(['GET', 'POST'], path, deviceEndpoint)
    preflight(path, 'POST, OPTIONS')
  }
  onLogin(['GET'], '/device/status', deviceStatus)
  onLogin(
    ['GET', 'POST'],
    '/login-actions/:action(authenticate|required-action|restart|consent)',
    loginAction,
  )
  onLogin(['GET', 'POST'], '/protocol/openid-connect/logout', logoutEndpoint)
  onLogin(['POST'], '/protocol/openid-connect/logout/logout-confirm', logoutConfirmation)
  preflight('/protocol/openid-connect/logout', 'GET, HEAD, OPTIONS')
  sessionStatusRoutes(app, context)
}
