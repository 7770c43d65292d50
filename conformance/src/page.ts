import type { Reply } from './http.ts'

/** A form: action, method and values. */
interface Form {
  readonly id: string
  readonly action: string
  readonly method: string
  readonly fields: Record<string, string>
  /** The type of each named field, as `username: text`. */
  readonly types: Record<string, string>
}

/** An HTML response with lookups by id. */
export interface Page extends Reply {
  /** The form with this id. @throws if there is none, with the page's title. */
  form(id: string): Form
  /** The visible text of the element with this id, or undefined. */
  textOf(id: string): string | undefined
  /** The text of the first element of this class, or undefined. */
  textOfClass(name: string): string | undefined
  /** The attributes of the element with this id, or undefined. */
  attributesOf(id: string): Record<string, string> | undefined
}

/** Parses a response as HTML. */
export function toPage(reply: Reply): Page {
  const html = reply.text
  return {
    ...reply,
    form: (id) => {
      const found = elements(html, 'form').find((form) => form.attributes['id'] === id)
      if (!found) throw new Error(`no form ${id} on: ${reply.status} ${plain(html).slice(0, 400)}`)
      return toForm(id, found)
    },
    textOf: (id) => textWhere(html, (attributes) => attributes['id'] === id),
    textOfClass: (name) =>
      textWhere(html, (attributes) => (attributes['class'] ?? '').split(/\s+/).includes(name)),
    attributesOf: (id) => openTags(html).find((tag) => tag.attributes['id'] === id)?.attributes,
  }
}

interface Tag {
  readonly name: string
  readonly attributes: Record<string, string>
  readonly start: number
  readonly end: number
}

function openTags(html: string): Tag[] {
  return [
    ...html.matchAll(/<([a-z][a-z0-9-]*)((?:\s+[^\s=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+))?)*)\s*\/?>/gi),
  ].map((match) => ({
    name: (match[1] ?? '').toLowerCase(),
    attributes: attributesIn(match[2] ?? ''),
    start: match.index,
    end: match.index + match[0].length,
  }))
}

function attributesIn(text: string): Record<string, string> {
  const found = [...text.matchAll(/([^\s=>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g)]
  return Object.fromEntries(
    found.map((m) => [(m[1] ?? '').toLowerCase(), decode(m[2] ?? m[3] ?? m[4] ?? '')]),
  )
}

function elements(html: string, name: string): (Tag & { inner: string })[] {
  return openTags(html)
    .filter((tag) => tag.name === name)
    .map((tag) => ({ ...tag, inner: innerOf(html, tag) }))
}

/** The content between a tag and its closing tag, counting nested elements of the same name. */
function innerOf(html: string, tag: Tag): string {
  let depth = 1
  for (const match of html.slice(tag.end).matchAll(new RegExp(`<(/?)${tag.name}(?=[\\s>/])[^>]*>`, 'gi'))) {
    depth += match[1] ? -1 : 1
    if (depth === 0) return html.slice(tag.end, tag.end + match.index)
  }
  return ''
}

function textWhere(
  html: string,
  matches: (attributes: Record<string, string>) => boolean,
): string | undefined {
  const tag = openTags(html).find(({ attributes }) => matches(attributes))
  return tag && plain(innerOf(html, tag))
}

function toForm(
  id: string,
  { attributes, inner }: { attributes: Record<string, string>; inner: string },
): Form {
  const fields: Record<string, string> = {}
  const types: Record<string, string> = {}
  for (const { name: tag, attributes: field } of openTags(inner)) {
    const { name } = field
    if (!name || !['input', 'button', 'select', 'textarea'].includes(tag)) continue
    const type = field['type'] ?? (tag === 'button' ? 'submit' : 'text')
    types[name] = type
    const ticked = type === 'checkbox' || type === 'radio' ? 'checked' in field : type !== 'submit'
    if (ticked) fields[name] = field['value'] ?? ''
  }
  return {
    id,
    action: attributes['action'] ?? '',
    method: (attributes['method'] ?? 'get').toLowerCase(),
    fields,
    types,
  }
}

function plain(html: string): string {
  return decode(html.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, '').replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim()
}

function decode(text: string): string {
  return text
    .replace(/&#(x?)([0-9a-f]+);/gi, (_, hex: string, code: string) =>
      String.fromCodePoint(Number.parseInt(code, hex ? 16 : 10)),
    )
    .replace(
      /&(lt|gt|quot|apos|nbsp);/g,
      (_, name: string) => ({ lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' })[name] ?? '',
    )
    .replace(/&amp;/g, '&')
}
