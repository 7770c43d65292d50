import { sha256 } from '../../sealing.ts'
import type { SessionContext } from '../context.ts'
import { requireSameOrigin } from '../csrf.ts'
import type { LiveSession } from '../live-session.ts'
import { formPage } from '../pages.ts'
import { redirect } from '../redirect.ts'
import type { RoutedRequest } from '../request.ts'
import { toFormPath } from '../return-to.ts'
import type { SessionRequest } from '../types.ts'
import { readLive } from '../vault.ts'
import { requireLogin } from './login.ts'
import { gone, readForm } from './saved-forms.ts'

/** Handles `GET /auth/form`: asks the user whether to send the form. Nothing changes, so a reload is safe. */
export async function answerForm(context: SessionContext, request: RoutedRequest): Promise<Response> {
  const id = idOf(context, request)
  const live = await readSession(context, request)
  if (live === undefined) return await requireLogin(context, request, toFormPath(context.config, id))
  const { fields, type } = await readForm(context, id, live)
  return formPage(context, request, toFormPath(context.config, id), { fields, type })
}

/**
 * Handles `POST /auth/form`: the page sends the fields here, with a same-origin proof. The stored form is removed, in one step
 * on all replicas. Only then is the request redirected to the form's own path with its body (307): a form is sent once.
 */
export async function answerSentForm(context: SessionContext, request: RoutedRequest): Promise<Response> {
  const { config, store } = context
  requireSameOrigin(request, config.publicOrigin)
  const id = idOf(context, request)
  const live = await readSession(context, request)
  // The form is still there after the login.
  if (live === undefined) return redirect(config.publicOrigin + toFormPath(config, id))
  const { target } = await readForm(context, id, live)
  if (!(await store.takeForm(sha256(id)))) throw gone()
  return redirect(config.publicOrigin + target, [], 307)
}

function idOf({ config }: SessionContext, { url }: SessionRequest): string {
  const id = new URL(url).searchParams.get('id') ?? ''
  if (config.saveForms === undefined || !/^[\w-]{43}$/.test(id)) throw gone()
  return id
}

async function readSession(
  context: SessionContext,
  request: SessionRequest,
): Promise<LiveSession | undefined> {
  const key = context.keyOf(request)
  return key === undefined ? undefined : await readLive(context, key)
}
