import { CloakwrightError } from '../errors.ts'
import { requireOptions } from '../options.ts'
import { shown } from '../shown.ts'
import { builtIn } from './messages/index.ts'
import type { Page, PageKind, PageLabels, PageMessages, PageText } from './types.ts'

/**
 * The pages that a browser gets: at sign-in and sign-out, and in place of `application/problem+json` if a guard refuses a
 * navigation. Each is small, without a script, in the reader's language, light or dark.
 *
 * @example
 * ```ts
 * import type { PagesOptions } from 'cloakwright'
 *
 * export const pages: PagesOptions = {
 *   name: 'Shop',
 *   languages: ['en', 'de'],
 *   messages: { en: { forbidden: { text: 'Ask the shop manager for access.' } } },
 *   style: ':root { --accent: #7a1fa2 }',
 * }
 * ```
 */
export interface PagesOptions {
  /** The name of the service, shown on each page. */
  readonly name?: string | undefined
  /**
   * The languages to offer; the first one is used if the browser asks for none of them. By default English, then German,
   * French, Spanish, Italian, Portuguese, Dutch, Japanese and those in `messages`.
   */
  readonly languages?: readonly string[] | undefined
  /** Texts by language, in place of the built-in ones. In a language that has none built in, the rest is English. */
  readonly messages?: Readonly<Record<string, SomePageMessages>> | undefined
  /** CSS after the built-in style. Its colours are variables: `--accent`, `--ink`, `--paper` and others. */
  readonly style?: string | undefined
  /** Replaces the whole page. It must be synchronous; if it throws, the built-in page is sent. */
  readonly render?: RenderPage | undefined
}

/** Some of the texts in one language. */
export type SomePageMessages = { readonly [Kind in PageKind]?: Partial<PageText> } & {
  readonly labels?: Partial<PageLabels>
}

/**
 * Renders a page as HTML. Escape each string of the page. The response keeps its status and its other headers. Its
 * `Content-Security-Policy` only forbids frames, base URLs, and forms to other hosts; the object form sets another one.
 */
export type RenderPage = (page: Page) => string | RenderedPage

/** A page of the service's own. */
export interface RenderedPage {
  readonly body: string
  /** Additional headers, such as `content-security-policy`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The checked options. */
export interface PagesConfig {
  readonly name: string | undefined
  readonly languages: readonly [string, ...string[]]
  readonly messages: ReadonlyMap<string, PageMessages>
  readonly style: string
  readonly render: RenderPage | undefined
}

/**
 * Checks the options of pages.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function checkPages(options: PagesOptions): PagesConfig {
  requireOptions('pages', '{ name }', options, {
    name: 'string',
    languages: 'object',
    messages: 'object',
    style: 'string',
    render: 'function',
  })
  const { name, messages = {}, style = '', render } = options
  if (style.toLowerCase().includes('</style'))
    throw invalid('style', 'contains </style', 'Pass CSS only, without HTML.')
  const [first = 'en', ...others] =
    options.languages ?? new Set([...builtIn.keys(), ...Object.keys(messages)])
  const languages = [first, ...others] as const
  for (const language of languages) checkLanguage(language, messages)
  return {
    name,
    languages,
    messages: new Map(languages.map((language) => [language, merge(language, messages[language] ?? {})])),
    style,
    render,
  }
}

function checkLanguage(language: string, messages: NonNullable<PagesOptions['messages']>): void {
  if (!isLanguageTag(language))
    throw invalid(
      'languages',
      `${shown(String(language))} is not a language`,
      'Use tags such as de or pt-BR.',
    )
  if (builtInFor(language) === undefined && messages[language] === undefined)
    throw invalid(
      'languages',
      `there are no texts in ${language}`,
      `Add them as messages.${language}, of the type PageMessages. Built in: ${[...builtIn.keys()].join(', ')}.`,
    )
}

function isLanguageTag(language: unknown): boolean {
  try {
    return typeof language === 'string' && Intl.getCanonicalLocales(language).length === 1
  } catch {
    return false
  }
}

/** The texts of that language; those of `pt` for `pt-BR`. */
function builtInFor(language: string): PageMessages | undefined {
  return builtIn.get(language) ?? builtIn.get(language.split('-', 1)[0] ?? '')
}

function merge(language: string, own: SomePageMessages): PageMessages {
  const base = builtInFor(language) ?? builtInFor('en')
  if (base === undefined) throw new Error('English is missing')
  const sections = Object.entries(base) as [keyof PageMessages, object][]
  return Object.fromEntries(
    sections.map(([section, texts]) => [section, { ...texts, ...own[section] }]),
  ) as unknown as PageMessages
}

function invalid(name: string, why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `pages.${name}: ${why}`, { hint })
}
