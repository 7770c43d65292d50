import { CloakwrightError } from '../errors.ts'
import { kindOf, type PageContent } from '../pages/index.ts'
import type { SessionContext } from './context.ts'
import type { SessionRequest, SubmittedForm } from './types.ts'

/** A page with the error. `back` is the URL of the failed step, to try it again. */
export function errorPage(
  context: SessionContext,
  request: SessionRequest,
  error: CloakwrightError,
  { requestId, back }: { readonly requestId: string | undefined; readonly back: string },
): Response {
  return toResponse(context, request, {
    kind: kindOf(error),
    status: error.status,
    links: { signIn: back, tryAgain: back, signOut: `${context.config.basePath}/logout` },
    retryAfter: error.retryAfter,
    code: error.code,
    requestId,
  })
}

/** Asks for confirmation before it signs out: a link from elsewhere must not end a session. */
export function logoutPage(context: SessionContext, request: SessionRequest): Response {
  const { basePath, issuer, postLogoutUrl, publicOrigin } = context.config
  const origins = [issuer, postLogoutUrl].map((url) => new URL(url).origin)
  return toResponse(context, request, {
    kind: 'signOut',
    links: { signOut: `${basePath}/logout` },
    formOrigins: [...new Set(origins)].filter((origin) => origin !== publicOrigin),
  })
}

/** Asks whether to send a saved form. */
export function formPage(
  context: SessionContext,
  request: SessionRequest,
  path: string,
  { fields, type }: SubmittedForm,
): Response {
  return toResponse(context, request, {
    kind: 'sendForm',
    links: { sendForm: path },
    form: type === 'multipart/form-data' ? { fields, enctype: type } : { fields },
    // The service's own handler gets the form, and may redirect anywhere: to a payment, or to the realm for a step-up.
    formOrigins: ['https:', new URL(context.config.issuer).origin],
  })
}

/** Says that the realm may still have a session, since it could not be reached: a redirect to it would lead nowhere. */
export function signedOutPage(context: SessionContext, request: SessionRequest): Response {
  return toResponse(context, request, {
    kind: 'signedOut',
    links: { start: context.config.postLogoutUrl },
  })
}

function toResponse(
  { pages, report }: SessionContext,
  request: SessionRequest,
  content: PageContent,
): Response {
  const { status, headers, body, failure } = pages.show(content, request)
  if (failure !== undefined) report(renderFailed(failure), content.requestId)
  return new Response(body, { status, headers })
}

function renderFailed(cause: unknown): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_INVALID',
    'pages.render failed, and the browser got the built-in page',
    { cause, hint: 'Correct the function: it must return a string or { body, headers }, synchronously.' },
  )
}
