import { createHash } from 'node:crypto'
import { toDocument } from './document.ts'
import { Html } from './html.ts'
import { type LinkName, linksOf, waiting } from './kinds.ts'
import { languageFor } from './language.ts'
import { checkPages, type PagesConfig, type PagesOptions } from './options.ts'
import { checkRendered, type RenderedHeaders } from './rendered.ts'
import { style } from './style.ts'
import type { Page, PageAction, PageKind, PageLabels } from './types.ts'

/** Creates the pages of one service. */
export interface Pages {
  /** The page of that kind, in the language of the request. Never throws: a failure of the service's own `render` is in the result. */
  show(content: PageContent, request: PageReader): ShownPage
}

/** What a page shows, apart from its texts. */
export interface PageContent {
  readonly kind: PageKind
  /** 200 by default. */
  readonly status?: number
  /** The URLs of the page's links. `start` is `/` by default. */
  readonly links?: { readonly [Name in LinkName]?: string | undefined }
  /** Seconds: `Retry-After`. */
  readonly retryAfter?: number | string | undefined
  readonly code?: string | undefined
  readonly requestId?: string | undefined
  /** For developers; what is missing is left out. */
  readonly explanation?: readonly (string | undefined)[]
  /** What the page's form sends. */
  readonly form?: Pick<PageAction, 'fields' | 'enctype'>
  /** The origins to which the page's form may redirect: browsers apply `form-action` to redirects as well. */
  readonly formOrigins?: readonly string[]
}

/** The parts of a request that a page depends on. */
export interface PageReader {
  readonly headers: { get(name: string): string | null }
}

/** A response with a page. */
export interface ShownPage {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Why the service's own `render` failed. */
  readonly failure?: unknown
}

/**
 * Creates the pages of a service.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function createPages(options: PagesOptions = {}): Pages {
  const config = checkPages(options)
  const css = style + config.style
  const look = { css: new Html(css), hash: createHash('sha256').update(css).digest('base64') }
  return { show: (content, request) => show(config, look, content, request) }
}

interface Look {
  readonly css: Html
  readonly hash: string
}

function show(config: PagesConfig, look: Look, content: PageContent, request: PageReader): ShownPage {
  const page = toPage(config, content, request.headers.get('accept-language'))
  const forms = formsOf(content)
  const common = {
    'content-language': page.language,
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff',
    vary: 'Accept, Accept-Language',
    ...privacy,
    ...(content.retryAfter === undefined ? {} : { 'retry-after': String(content.retryAfter) }),
  }
  const own = config.render === undefined ? undefined : checkRendered(config.render, page)
  if (own !== undefined && 'body' in own) {
    const policy = `form-action ${forms}; frame-ancestors 'none'; base-uri 'none'`
    const headers = { ...common, 'content-security-policy': policy, ...own.headers }
    return { status: page.status, headers, body: own.body }
  }
  const policy = `default-src 'none'; style-src 'sha256-${look.hash}'; form-action ${forms}; frame-ancestors 'none'; base-uri 'none'`
  const headers = { ...common, 'content-security-policy': policy }
  return { status: page.status, headers, body: toDocument(page, look.css), ...own }
}

/** URLs of these pages contain codes and states, and pages may name a user: neither caches nor other hosts may see them. */
const privacy: RenderedHeaders = { 'cache-control': 'no-store', 'referrer-policy': 'same-origin' }

function formsOf({ kind, formOrigins = [] }: PageContent): string {
  return kind === 'signOut' || kind === 'sendForm' ? ["'self'", ...formOrigins].join(' ') : "'none'"
}

function toPage(config: PagesConfig, content: PageContent, acceptLanguage: string | null): Page {
  const { kind, status = 200, code, requestId, retryAfter, explanation = [], form } = content
  const language = languageFor(acceptLanguage, config.languages)
  const messages = config.messages.get(language)
  if (messages === undefined) throw new Error(`No texts in ${language}`)
  const { labels } = messages
  const { title, text } = messages[kind]
  const links: PageContent['links'] = { start: '/', ...content.links }
  return {
    kind,
    status,
    language,
    name: config.name,
    title,
    text: waiting.has(kind) ? `${text} ${toWait(labels, language, Number(retryAfter))}` : text,
    actions: linksOf[kind].flatMap((name): PageAction[] => {
      const url = links[name]
      if (url === undefined) return []
      const label = labels[name]
      if (name === kind) return [{ label, url, method: 'post', ...form }]
      return [{ label, url, method: 'get' }]
    }),
    help: labels.help,
    details: [
      ...(requestId === undefined ? [] : [{ label: labels.requestId, value: requestId }]),
      ...(code === undefined ? [] : [{ label: labels.code, value: code }]),
    ],
    explanation: explanation.filter((line) => line !== undefined),
  }
}

/** `in 5 seconds`, in the language of the page. */
function toWait({ wait, waitUntil }: PageLabels, language: string, seconds: number): string {
  if (!Number.isFinite(seconds)) return wait
  const [size, unit] = units.find(([least]) => seconds > least * 1.5) ?? ([1, 'second'] as const)
  const when = new Intl.RelativeTimeFormat(language).format(Math.max(1, Math.ceil(seconds / size)), unit)
  return waitUntil.replace('{when}', () => when)
}

const units = [
  [3600, 'hour'],
  [60, 'minute'],
] as const
