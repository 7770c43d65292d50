import { CloakwrightError } from '../../errors.ts'
import { isPageRequest } from '../../http/index.ts'
import { randomToken, sha256 } from '../../sealing.ts'
import type { SessionContext } from '../context.ts'
import { isSameOrigin } from '../csrf.ts'
import type { LiveSession } from '../live-session.ts'
import { toFormPath, toReturnTo } from '../return-to.ts'
import type { SessionRequest, SubmittedForm } from '../types.ts'

/**
 * A form that was sent without an accepted session is not lost. It is encrypted and stored, the user signs in, and a page asks
 * whether to send it now.
 *
 * - Only a page of this service can make a form be saved, and only in a browser whose last session is known: its user is the
 *   only one who can send the form. A cookie tells who that was after the session's row is gone.
 * - It is sent once: see `form-route.ts`.
 */

/** Milliseconds for which a form is kept: as long as a login can be completed. */
const lifetime = 3_600_000

/** The encrypted content of a saved form. */
interface Content extends SubmittedForm {
  /** Path and query to which it was sent. */
  readonly target: string
  readonly subject: string
}

/** The cookie that tells whose session this was; none if no forms are saved. */
export async function toUserCookies(
  context: SessionContext,
  value: string,
  subject: string,
): Promise<readonly string[]> {
  if (context.config.saveForms === undefined) return []
  const { keyId, sealed } = await context.keyring.seal(subject, toUserBinding(context, sha256(value)))
  return [context.cookies.writeUser(`${keyId}.${Buffer.from(sealed).toString('base64url')}`)]
}

async function readUser(context: SessionContext, request: SessionRequest): Promise<string | undefined> {
  const key = context.keyOf(request)
  const [keyId, sealed] = context.cookies.readUser(request)?.split('.') ?? []
  if (key === undefined || keyId === undefined || sealed === undefined) return undefined
  const box = { keyId, sealed: Buffer.from(sealed, 'base64url') }
  return await context.keyring.open(box, toUserBinding(context, key))
}

/**
 * Saves the form of a request, if that is safe. Resolves to the path of the page that sends it; `undefined` if it is not saved.
 */
export async function saveForm(
  context: SessionContext,
  request: SessionRequest,
  read: (() => Promise<SubmittedForm | undefined>) | undefined,
): Promise<string | undefined> {
  const { config, keyring, store } = context
  if (read === undefined || !isSavable(context, request)) return undefined
  const { pathname, search } = new URL(request.url)
  const target = pathname + search
  if (toReturnTo(target, config) !== target) return undefined
  const subject = await readUser(context, request)
  if (subject === undefined) return undefined
  const form = await read()
  if (form === undefined) return undefined
  const id = randomToken()
  const now = config.now()
  const key = sha256(id)
  const content: Content = { ...form, target, subject }
  const box = await keyring.seal(JSON.stringify(content), toFormBinding(context, key))
  const owner = sha256(JSON.stringify([config.issuer, config.clientId, config.baseUrl, subject]))
  await store.saveForm({ ...box, key, owner, expiresAt: now + lifetime }, now)
  return toFormPath(config, id)
}

/** A browser's form, from a page of this service. */
function isSavable({ config }: SessionContext, request: SessionRequest): boolean {
  const [type = ''] = (request.headers.get('content-type') ?? '').toLowerCase().split(';')
  return (
    request.method === 'POST' &&
    config.saveForms?.has(type.trim()) === true &&
    isPageRequest(request) &&
    isSameOrigin(request, config.publicOrigin)
  )
}

/**
 * The saved form of the session's user.
 *
 * @throws {CW_FORM_GONE} @throws {CW_FORM_USER}
 */
export async function readForm(
  context: SessionContext,
  id: string,
  { record }: LiveSession,
): Promise<Content> {
  const key = sha256(id)
  const saved = await context.store.readForm(key, context.config.now())
  const text = saved && (await context.keyring.open(saved, toFormBinding(context, key)))
  if (text === undefined) throw gone()
  const content = JSON.parse(text) as Content
  if (content.subject === record.subject) return content
  throw new CloakwrightError('CW_FORM_USER', 'The saved form is another user’s', {
    hint: 'Its user can sign in and send it within an hour after it was saved.',
  })
}

export function gone(): CloakwrightError {
  return new CloakwrightError('CW_FORM_GONE', 'The saved form was sent already, or has expired', {
    hint: 'A form is kept for an hour and sent once. Replicas must share the session store and its keys.',
  })
}

function toUserBinding({ config }: SessionContext, sessionKey: string): unknown[] {
  return ['user', config.issuer, config.clientId, config.baseUrl, sessionKey]
}

function toFormBinding({ config }: SessionContext, key: string): unknown[] {
  return ['form', config.issuer, config.clientId, config.baseUrl, key]
}
