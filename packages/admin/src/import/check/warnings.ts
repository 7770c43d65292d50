/** The kind of a warning. */
export type WarningCode =
  /** An attribute that administrators are not shown, since the realm's user profile does not declare it for them. */
  | 'hidden-attribute'
  /** A field that a user must fill in before signing in. */
  | 'missing-field'
  /** A password hash that the server can't check: no one can sign in with it. */
  | 'unusable-hash'
  /** Credentials of a type that is not built into Keycloak. */
  | 'unknown-credential'
  /** A disabled required action: Keycloak never asks for it. */
  | 'disabled-action'
  /** The default role of another realm, which counts as that of this one. */
  | 'default-role'
  /** A value that only Keycloak can check against the user profile: it creates these users one by one. */
  | 'unchecked-value'
  /** Not checked, because the account has no permission to read it. */
  | 'unchecked'

/** Something that will not work as the rows suggest, with the number of rows. */
export interface ImportWarning {
  readonly code: WarningCode
  /** The column or field, with the name concerned: `attributes.costCentre`. */
  readonly field: string
  /** Valid rows with this field. */
  readonly rows: number
  /** The effect, and what to do. */
  readonly message: string
}

/** Counts the rows of each warning: so that 10,000 rows make one line. */
export class Warnings {
  readonly #found = new Map<string, { -readonly [K in keyof ImportWarning]: ImportWarning[K] }>()
  #current = new Map<string, () => ImportWarning>()
  #others = 0

  /** Of the row that is looked at, once for each code and field. */
  add(code: WarningCode, field: string, message: () => string): void {
    this.#current.set(`${code}\n${field}`, () => ({ code, field, rows: 0, message: message() }))
  }

  /** Ends a row: the warnings of one that is rejected don't count. */
  endRow(isRejected: boolean): void {
    const current = this.#current
    if (current.size === 0) return
    this.#current = new Map()
    if (isRejected) return
    for (const [key, toWarning] of current) {
      const found = this.#found.get(key)
      if (found !== undefined) found.rows += 1
      else if (this.#found.size < mostWarnings) this.#found.set(key, { ...toWarning(), rows: 1 })
      else this.#others += 1
    }
  }

  list(): ImportWarning[] {
    const found = [...this.#found.values()]
    if (this.#others === 0) return found
    const message = `more than ${mostWarnings} fields have warnings; only the first ${mostWarnings} are listed`
    return [...found, { code: 'unchecked', field: 'other fields', rows: this.#others, message }]
  }
}

/** A file can have any number of attributes. */
const mostWarnings = 100
