import { wholeBody } from '../../http/index.ts'
import type { SubmittedForm } from '../../session/index.ts'
import { unreadBody } from './body.ts'
import type { GuardedRequest } from './guarded-request.ts'

/** Bytes of a form that can be saved: less than the limit of any route for forms, so that it can be sent again. */
const maxBytes = 64_000
const maxFields = 1_000

type Field = [name: string, value: string]

/**
 * Reads the form of a request that is refused, whatever has read its body before. `undefined` if it cannot be sent again as it
 * is: it is too large, has a file, is not UTF-8, or a parser has made other values of its fields.
 */
export async function readSubmittedForm(request: GuardedRequest): Promise<SubmittedForm | undefined> {
  const header = request.fields('content-type')[0] ?? ''
  const [type = '', ...parameters] = header
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  if (parameters.some((one) => one.startsWith('charset=') && !/^charset="?utf-8"?$/.test(one)))
    return undefined
  if (request.fields('content-encoding').length > 0) return undefined
  const isMultipart = type === 'multipart/form-data'
  try {
    const fields = isMultipart ? await readParts(request, header) : await readFields(request)
    if (fields === undefined || fields.length > maxFields || !fields.every(isSendable)) return undefined
    return { type: isMultipart ? type : 'application/x-www-form-urlencoded', fields }
  } catch {
    // The client went away, or the body is not what its type says.
    return undefined
  }
}

/** What a page can send again: HTML has no NUL, and a replaced character is one that was not UTF-8. */
function isSendable([name, value]: Field): boolean {
  const text = name + value
  return name !== '' && !text.includes('\0') && !text.includes('\ufffd')
}

async function readFields(request: GuardedRequest): Promise<Field[] | undefined> {
  const unread = unreadBody(request, maxBytes + 1)
  const body = unread === undefined ? await request.form() : await wholeBody(unread, maxBytes)
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8')
    return text.length > maxBytes ? undefined : [...new URLSearchParams(text)]
  }
  const fields = fieldsOf(body)
  return fields && new URLSearchParams(fields).toString().length <= maxBytes ? fields : undefined
}

/** A parser's files are gone, so only an unread body is read. */
async function readParts(request: GuardedRequest, type: string): Promise<Field[] | undefined> {
  const unread = unreadBody(request, maxBytes + 1)
  const body = unread && (await wholeBody(unread, maxBytes))
  if (body === undefined) return undefined
  const fields: Field[] = []
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
  for (const [name, value] of form) {
    if (typeof value === 'string') fields.push([name, value])
    // An input for a file in which the user chose none.
    else if (value.size > 0 || value.name !== '') return undefined
  }
  return fields
}

/** The fields from which a parser made the object: `a[b]` is a member, `a[]` a list of one. */
function fieldsOf(parsed: unknown): Field[] | undefined {
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const fields: Field[] = []
  const add = (name: string, value: unknown): boolean => {
    if (typeof value === 'string') return fields.push([name, value]) > 0
    if (typeof value !== 'object' || value === null || fields.length > maxFields) return false
    if (!Array.isArray(value)) return addMembers(name, Object.entries(value))
    if (!value.every((one) => typeof one === 'string')) return addMembers(name, Object.entries(value))
    const repeated = value.length === 1 ? `${name}[]` : name
    return value.length > 0 && value.every((one) => add(repeated, one))
  }
  const addMembers = (name: string, members: readonly (readonly [string, unknown])[]): boolean =>
    members.length > 0 && members.every(([key, value]) => add(`${name}[${key}]`, value))
  return Object.entries(parsed).every(([name, value]) => add(name, value)) ? fields : undefined
}
