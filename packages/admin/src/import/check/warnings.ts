/** What an import warns about, for programs. */
export type WarningCode =
  /** An attribute that administrators are not shown, since the realm's user profile does not declare it for them. */
  | 'hidden-attribute'
  /** A field without which a user can't sign in before filling it in. */
  | 'missing-field'
  /** A password hash that the server can't check: nobody can sign in with it. */
  | 'unusable-hash'
  /** Credentials of a type that is none of Keycloak's own. */
  | 'unknown-credential'
  /** A required action that is off: Keycloak never asks for it. */
  | 'disabled-action'
  /** The default role of another realm, which counts as that of this one. */
  | 'default-role'
  /** A value that only Keycloak can check against the user profile: it creates these users one by one. */
  | 'unchecked-value'
  /** Something that the account may not read, so that it was not checked. */
  | 'unchecked'

/** Something that will be otherwise than a file's rows lead to expect, with the number of rows. */
export interface ImportWarning {
  readonly code: WarningCode
  /** The column or field, and where it is a name's fault, the name: `attributes.costCentre`. */
  readonly field: string
  /** Rows that could be used, and have it. */
  readonly rows: number
  /** What happens, and what to do. */
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
