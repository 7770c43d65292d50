import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CloakwrightError, type ErrorCode } from 'cloakwright'

type ConfigCode = Extract<ErrorCode, `CW_CONFIG_${string}`>

/** One thing that stops start-up: which variable, what was found and why it won't do, how to mend it. */
export interface ConfigProblem {
  readonly code: ConfigCode
  readonly variable: string
  /** What was found and why it won't do; never a secret's value. */
  readonly why: string
  readonly fix: string
}

/** A secret from `NAME` or from the file that `NAME_FILE` names, which is read again at each call. */
export interface GivenSecret {
  /** The file, where the secret comes from one. */
  readonly file: string | undefined
  read(): string
}

/** Reads variables and collects every problem, so that all of them are reported together. */
export class Environment {
  readonly #env: NodeJS.ProcessEnv
  readonly #problems: ConfigProblem[] = []

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  /** The variable's value; an empty one counts as unset, as compose files pass it. */
  get(variable: string): string | undefined {
    const value = this.#env[variable]?.trim()
    return value === '' ? undefined : value
  }

  /** `parse`d when set: `parse` answers `undefined` for a value that won't do, which `expected` then explains. */
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

  /** A secret from the variable or its `_FILE` twin; `check` answers why a value won't do, without repeating it. */
  secret(
    variable: string,
    check: (value: string) => string | undefined,
    fix: string,
  ): GivenSecret | undefined {
    const value = this.get(variable)
    const file = this.get(`${variable}_FILE`)
    if (value !== undefined && file !== undefined) {
      this.invalid(variable, `is set, and so is ${variable}_FILE`, `Unset one of the two.`)
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
    let last: string
    try {
      last = readFileSync(file, 'utf8').trim()
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
      this.invalid(
        twin,
        `names ${file}, which can't be read (${reason})`,
        'Name a file that this process may read.',
      )
      return undefined
    }
    const why = last === '' ? 'is empty' : check(last)
    if (why !== undefined) {
      this.invalid(twin, `names ${file}, whose content ${why}`, fix)
      return undefined
    }
    return {
      file,
      read: () => {
        try {
          const now = readFileSync(file, 'utf8').trim()
          if (now !== '' && check(now) === undefined) last = now
        } catch {
          // The file is being replaced: the value that worked a moment ago is the best there is.
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

  missing(variable: string, why: string, fix: string): void {
    this.#problems.push({ code: 'CW_CONFIG_MISSING', variable, why, fix })
  }

  /** @throws {CW_CONFIG_INVALID} One error for all problems; with their common code where they share one. */
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

/** A URL is no place for a password, and the message that says so must not repeat it. */
function withoutCredentials(value: string): string {
  return value.replace(/\/\/.*@/s, '//…@')
}
