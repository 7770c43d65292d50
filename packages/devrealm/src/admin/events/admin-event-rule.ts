import type { Answer, AnyCall } from '../request/index.ts'

/** The content of an event apart from user and time; what is missing is taken from the request. */
export interface Told {
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION'
  readonly path?: string
  readonly representation?: unknown
  readonly details?: Readonly<Record<string, string>>
}

export interface Rule {
  readonly type: (call: AnyCall) => string
  /** Read before the request runs. */
  readonly before?: (call: AnyCall) => unknown
  /** Whether Keycloak records no event for this request; decided before it runs. */
  readonly isNothing?: (call: AnyCall) => boolean
  readonly tell: (call: AnyCall, answer: Answer, before: unknown) => readonly Told[]
  /** Recorded in the realm of the administrator. */
  readonly ofCaller?: boolean
}

export type Body = Readonly<Record<string, unknown>>

export type Tell = (call: AnyCall, answer: Answer, before: unknown) => Told

export const one = (
  type: string | Rule['type'],
  tell: Tell = () => ({}),
  more: Partial<Rule> = {},
): Rule => ({
  type: typeof type === 'string' ? () => type : type,
  tell: (...told) => [tell(...told)],
  ...more,
})

export const shown =
  (show: (body: Body) => unknown = (body) => body): Tell =>
  ({ body }) => ({ representation: show(body as Body) })

export const action: Tell = () => ({ operation: 'ACTION' })

/** The path of a new resource is its Location. */
export const announced = (call: AnyCall, answer: Answer): { id: string; path: string } => {
  const id = decodeURIComponent(answer?.location?.split('/').pop() ?? '')
  const [, path = ''] = /^\/admin\/realms\/[^/?]+\/([^?]*)/.exec(call.request.url) ?? []
  return { id, path: `${decodeURIComponent(path.replace(/\/+$/, ''))}/${id}` }
}

export const added =
  (show: (body: Body, id: string) => unknown): Tell =>
  (call, answer) => {
    const { id, path } = announced(call, answer)
    return { path, representation: show(call.body as Body, id) }
  }

/** Like {@link added}, with the path of the request. */
export const within =
  (show: (body: Body, id: string) => unknown): Tell =>
  (call, answer) => ({ representation: show(call.body as Body, announced(call, answer).id) })
