import type { ErrorCode } from '../errors.ts'
import type { PageKind } from './types.ts'

/** The links that a page may have; the caller knows their URLs. */
export type LinkName = 'signIn' | 'signOut' | 'tryAgain' | 'sendForm' | 'start'

/** The links of each kind in their order, the most important first; those without a URL are left out. */
export const linksOf: Readonly<Record<PageKind, readonly LinkName[]>> = {
  signOut: ['signOut', 'start'],
  signedOut: ['start'],
  signedOutAgain: ['signIn', 'start'],
  signInFailed: ['signIn', 'start'],
  signInRefused: ['signIn', 'start'],
  signInExpired: ['signIn', 'start'],
  signInNeeded: ['signIn', 'start'],
  stepUpNeeded: ['signIn', 'start'],
  sendForm: ['sendForm', 'start'],
  formGone: ['start'],
  formOfOther: ['start'],
  blocked: ['tryAgain', 'start'],
  forbidden: ['start', 'signOut'],
  notFound: ['start'],
  tooManyRequests: ['tryAgain', 'start'],
  badRequest: ['start'],
  unavailable: ['tryAgain', 'start'],
  failed: ['tryAgain', 'start'],
}

/** The kinds that say when to try again. */
export const waiting: ReadonlySet<PageKind> = new Set(['tooManyRequests', 'unavailable'])

const byCode: Partial<Record<ErrorCode, PageKind>> = {
  CW_LOGIN_STATE: 'signInExpired',
  CW_LOGIN_REFUSED: 'signInRefused',
  CW_LOGIN_RESPONSE: 'signInFailed',
  CW_LOGIN_LOOP: 'signedOutAgain',
  CW_SESSION_ORIGIN: 'blocked',
  CW_STEP_UP_REQUIRED: 'stepUpNeeded',
  CW_FORM_GONE: 'formGone',
  CW_FORM_USER: 'formOfOther',
}

const byStatus: Readonly<Record<number, PageKind>> = {
  401: 'signInNeeded',
  403: 'forbidden',
  404: 'notFound',
  410: 'notFound',
  429: 'tooManyRequests',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/** The kind of the page for an error. */
export function kindOf({ code, status }: { readonly code: string; readonly status: number }): PageKind {
  return byCode[code as ErrorCode] ?? byStatus[status] ?? (status < 500 ? 'badRequest' : 'failed')
}
