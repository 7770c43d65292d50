/**
 * Pages that a browser shows: at sign-in and sign-out, and for a refused navigation. In: the kind of a page, its links and
 * the request's `Accept-Language`. Out: a status, headers and HTML. Knows no session and no guard.
 */

export { kindOf } from './kinds.ts'
export type { PagesOptions, RenderedPage, RenderPage, SomePageMessages } from './options.ts'
export { createPages, type PageContent, type Pages } from './pages.ts'
export type { Page, PageAction, PageDetail, PageKind, PageLabels, PageMessages, PageText } from './types.ts'
