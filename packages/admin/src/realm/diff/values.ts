import { type FieldChange, fieldName, isObject, masked } from '../../fields/index.ts'

type Values = Readonly<Record<string, unknown>>

/** What differs, before and after; of a secret, only its mask. */
export interface ValuesOf {
  readonly before: Values
  readonly after: Values
}

/** Values by the names of their fields: `{ "attributes.team": ["red"] }`. What is not there is `null`. */
export function valuesByField(changes: readonly FieldChange[]): ValuesOf {
  const side = (which: 'before' | 'after'): Values =>
    withoutSecrets(Object.fromEntries(changes.map((change) => [fieldName(change), change[which] ?? null])))
  return { before: side('before'), after: side('after') }
}

/** Values in objects as Keycloak has them: `{ "attributes": { "team": ["red"] } }`. What is not there is `null`. */
export function valuesByObject(changes: readonly FieldChange[]): ValuesOf {
  const side = (which: 'before' | 'after'): Values =>
    withoutSecrets(
      changes.reduce<Values>((values, change) => placed(values, change.path, change[which] ?? null), {}),
    )
  return { before: side('before'), after: side('after') }
}

/** A copy in which every secret is the mask. */
function withoutSecrets(values: object): Values {
  return masked(values) as Values
}

function placed(values: Values, [first = '', ...rest]: readonly string[], value: unknown): Values {
  if (rest.length === 0) return { ...values, [first]: value }
  const within = Object.hasOwn(values, first) ? values[first] : undefined
  return { ...values, [first]: placed(isObject(within) ? within : {}, rest, value) }
}
