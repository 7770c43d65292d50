import type { LoginTab } from '../context/index.ts'
import { type LoginContext, loginIssuer } from './login-context.ts'

/** Keycloak's login forms have the ids of the flow's executions; these are fixed ids, one per step. */
const executions = {
  password: '2cafb184-0000-4000-8000-000000000001',
  otp: '9f1664e3-0000-4000-8000-000000000002',
  consent: 'OAUTH_GRANT',
} as const

/** The login steps that are not required actions. */
export type LoginStepName = keyof typeof executions

export function isLoginStep(step: string): step is LoginStepName {
  return Object.hasOwn(executions, step)
}

/** The execution in a step's form: an id, or the alias of a required action. */
export function executionOf(step: string): string {
  return isLoginStep(step) ? executions[step] : step
}

/** The URL of a login action with the parameters of the tab; `code` binds a form to its page. */
export function actionUrl(
  login: LoginContext,
  tab: LoginTab,
  options: { code?: boolean; path?: string } = {},
): string {
  const path = options.path ?? (isLoginStep(tab.step) ? 'authenticate' : 'required-action')
  const query = new URLSearchParams([
    ...(options.code ? [['session_code', tab.sessionCode]] : []),
    ...(options.path === undefined ? [['execution', executionOf(tab.step)]] : []),
    ['client_id', tab.request.clientId],
    ['tab_id', tab.id],
    ['client_data', clientData(tab)],
    ...(options.path === 'restart' ? [['skip_logout', 'false']] : []),
  ] as [string, string][])
  return `${loginIssuer(login)}/login-actions/${path}?${query.toString()}`
}

/** Where to send the response if the tab is gone: Keycloak's `client_data`. */
function clientData({ request }: LoginTab): string {
  const { redirectUri, responseType, responseMode, state, device } = request
  if (device !== undefined) return Buffer.from('{}').toString('base64url')
  return Buffer.from(
    JSON.stringify({
      ru: redirectUri,
      rt: responseType,
      ...(responseMode === 'query' ? {} : { rm: responseMode }),
      ...(state === undefined ? {} : { st: state }),
    }),
  ).toString('base64url')
}

/** Reads `client_data`; the caller must check the redirect URI again. */
export function readClientData(
  text: string | undefined,
): { redirectUri: string; responseMode: string; state: string | undefined } | undefined {
  try {
    const data = JSON.parse(Buffer.from(text ?? '', 'base64url').toString()) as Record<string, unknown>
    if (typeof data.ru !== 'string') return undefined
    return {
      redirectUri: data.ru,
      responseMode: typeof data.rm === 'string' ? data.rm : 'query',
      state: typeof data.st === 'string' ? data.st : undefined,
    }
  } catch {
    return undefined
  }
}
