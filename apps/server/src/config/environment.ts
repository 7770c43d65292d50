import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { CloakwrightError, type ErrorCode } from 'cloakwright'

type ConfigCode = Extract<ErrorCode, `CW_CONFIG_${string}`>

/** A problem that stops start-up: the variable, the value found, why it is invalid, and the fix. */
export interface ConfigProblem {
  readonly code: ConfigCode
  readonly variable: string
  /** The value found and why it is invalid; never a secret's value. */
  readonly why: string
  readonly fix: string
}

/** A secret from `NAME`, or from the file in `NAME_FILE`, which is read again at each call. */
export interface GivenSecret {
  /** The file, if the secret comes from one. */
  readonly file: string | undefined
  read(): string
}

/** Maximum size of a secret's file in bytes; a larger file is not a secret. */
const largestSecretFile = 64 * 1024

/** Reads variables and collects every problem, so that all of them are reported together. */
export class Environment {
  readonly #env: NodeJS.ProcessEnv
  readonly #problems: ConfigProblem[] = []
  readonly #asked = new Set<string>()

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  /** Whether the variable has a value. */
  isSet(variable: string): boolean {
    const value = this.#env[variable]
    return value !== undefined && value.trim() !== ''
  }

  /** The variable's value; an empty one counts as unset, because compose files pass unset ones that way. */
  get(variable: string): string | undefined {
    this.#asked.add(variable)
    const value = this.#env[variable]
    if (value === undefined || value.trim() === '') return undefined
    const why = untidy(value)
    if (why === undefined) return value
    if (!this.#hasProblem(variable)) this.invalid(variable, why, 'Remove it.')
    return undefined
  }

  /** Variables with names like this server's that are not read: a mistyped name has no effect. */
  unknown(): string[] {
    const isOurs = (name: string): boolean =>
      /^(?:KEYCLOAK|CLOAKWRIGHT)_/.test(name) || this.#asked.has(name.replace(/_FILE$/, ''))
    return Object.keys(this.#env).filter(
      (name) => isOurs(name) && !this.#asked.has(name) && !otherNames.test(name) && this.isSet(name),
    )
  }

  #hasProblem(variable: string): boolean {
    return this.#problems.some((problem) => problem.variable === variable)
  }

  /** The parsed value if it is set: `parse` returns `undefined` for an invalid value, and `expected` then explains it. */
  parsed<T>(
    variable: string,
    parse: (value: string) => T | undefined,
    expected: string,
    fix: string,
  ): T | undefined {
    const value = this.get(variable)
    if (value === undefined) return undefined
    const result = parse(value)
    if (result === undefined)
      this.invalid(variable, `is ${JSON.stringify(withoutCredentials(value))}, which is not ${expected}`, fix)
    return result
  }

  /** A secret from the variable or its `_FILE` twin; `check` returns why a value is invalid, without repeating it. */
  secret(
    variable: string,
    check: (value: string) => string | undefined,
    fix: string,
  ): GivenSecret | undefined {
    const value = this.get(variable)
    const file = this.get(`${variable}_FILE`)
    if (value !== undefined && file !== undefined) {
      this.invalid(variable, `is set, but ${variable}_FILE is set too`, `Unset one of the two.`)
      return undefined
    }
    if (file !== undefined) return this.#secretFile(variable, resolve(file), check, fix)
    if (value === undefined) return undefined
    const why = check(value)
    if (why !== undefined) this.invalid(variable, why, fix)
    return { file: undefined, read: () => value }
  }

  #secretFile(
    variable: string,
    file: string,
    check: (value: string) => string | undefined,
    fix: string,
  ): GivenSecret | undefined {
    const twin = `${variable}_FILE`
    const problemOf = (text: string): string | undefined =>
      text === '' ? 'is empty' : (untidy(text) ?? check(text))
    let last: string
    try {
      last = readSecret(file)
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
      this.invalid(
        twin,
        `is ${file}, which cannot be read (${reason})`,
        'Set it to a file that this process may read and that contains only the secret.',
      )
      return undefined
    }
    const why = problemOf(last)
    if (why !== undefined) {
      this.invalid(twin, `is ${file}, whose content ${why}`, fix)
      return undefined
    }
    return {
      file,
      read: () => {
        try {
          const now = readSecret(file)
          if (problemOf(now) === undefined) last = now
        } catch {
          // The file is being replaced: the last valid value is used.
        }
        return last
      },
    }
  }

  invalid(variable: string, why: string, fix: string): void {
    this.#problems.push({ code: 'CW_CONFIG_INVALID', variable, why, fix })
  }

  insecure(variable: string, why: string, fix: string): void {
    this.#problems.push({ code: 'CW_CONFIG_INSECURE', variable, why, fix })
  }

  /** Does nothing if an invalid value was reported already. */
  missing(variable: string, why: string, fix: string): void {
    if (this.#hasProblem(variable) || this.#hasProblem(`${variable}_FILE`)) return
    this.#problems.push({ code: 'CW_CONFIG_MISSING', variable, why, fix })
  }

  /** @throws {CW_CONFIG_INVALID} One error for all problems; with their code if they all have the same. */
  throwProblems(): void {
    const [first] = this.#problems
    if (first === undefined) return
    const code = this.#problems.every((problem) => problem.code === first.code)
      ? first.code
      : 'CW_CONFIG_INVALID'
    throw new CloakwrightError(
      code,
      this.#problems.map(({ variable, why }) => `${variable} ${why}`).join('\n'),
      {
        hint: this.#problems.map(({ variable, fix }) => `${variable}: ${fix}`).join('\n'),
      },
    )
  }
}

/** Variables of the command line and of the tests, and those that Kubernetes sets for a service named keycloak. */
const otherNames =
  /^(?:KEYCLOAK_(?:HOME|CLIENT_KEY_FILE|SERVICE_.+|PORT_.+)|CLOAKWRIGHT_(?:PROFILE|AUDIT|AUDIT_HEADS|VECTORS))$/

/** Why the value is invalid for any variable; never repeats it. */
function untidy(value: string): string | undefined {
  if (/[\p{Cc}\u2028\u2029]/u.test(value)) return 'has a line break or another control character'
  return value === value.trim() ? undefined : 'has white space at its start or end'
}

/** The content of a secret's file, without the line break at its end. */
function readSecret(file: string): string {
  const found = statSync(file)
  if (!found.isFile()) throw new Error('not a file')
  if (found.size > largestSecretFile) throw new Error(`more than ${largestSecretFile} bytes`)
  return readFileSync(file, 'utf8').trim()
}

/** Removes credentials, which do not belong in a URL: the message must not repeat them. */
function withoutCredentials(value: string): string {
  return value.replace(/\/\/.*@/s, '//…@')
}
