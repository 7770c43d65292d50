import { families, type Meaning, meanings, memory, silent } from './machine-meanings.ts'

/** A failure of the machine, not of the program. */
interface MachineFailure {
  /** What failed and where, with the system's code: `could not open people.csv: permission denied (EACCES)`. */
  readonly message: string
  /** The next step. */
  readonly hint: string
  readonly isDiskFull: boolean
}

/** All codes of the table. */
export const machineCodes: readonly string[] = Object.keys(meanings)

/** The failure of the machine in an error or its causes; undefined if there is none. */
export function machineFailure(error: unknown): MachineFailure | undefined {
  for (const each of causesOf(error)) {
    const code = codeOf(each)
    const meaning = meaningOf(code, each)
    if (meaning === undefined) continue
    const place = placeOf(each)
    const why = `${meaning.why} (${code ?? each.name})`
    const isDiskFull = code === 'ENOSPC' || code === 'EDQUOT'
    return { message: place === '' ? why : `${place}: ${why}`, hint: meaning.next, isDiskFull }
  }
  return undefined
}

/** The error and its chain of causes. For an AggregateError, the chain of its first error. */
function causesOf(error: unknown): readonly Error[] {
  const found: Error[] = []
  for (let each: unknown = error; each instanceof Error && found.length < 10; ) {
    found.push(each)
    each = each instanceof AggregateError ? (each.errors[0] as unknown) : each.cause
  }
  return found
}

function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code : undefined
}

function meaningOf(code: string | undefined, error: Error): Meaning | undefined {
  if (code !== undefined) {
    if (code === 'ENOENT' && isSpawn(error))
      return { why: 'program not found', next: 'Install it, or correct PATH or the command' }
    return Object.hasOwn(meanings, code)
      ? meanings[code]
      : families.find(([pattern]) => pattern.test(code))?.[1]
  }
  if (error.name === 'TimeoutError') return silent
  // V8 has no code for these.
  const isMemory =
    error instanceof RangeError &&
    /allocation failed|invalid string length|invalid array length/i.test(error.message)
  return isMemory ? memory : undefined
}

function isSpawn({ syscall = '' }: NodeJS.ErrnoException): boolean {
  return syscall.startsWith('spawn')
}

/** `could not open people.csv`, `could not connect to localhost:8080`; empty if the error has neither. */
function placeOf(error: Error): string {
  const { syscall, path, dest, address, hostname, port, host } = error as NodeJS.ErrnoException & {
    dest?: string
    address?: string
    hostname?: string
    host?: string
    port?: number
  }
  if (hostname !== undefined) return `could not find ${hostname}`
  const peer = address ?? host
  if (peer !== undefined) {
    const verb = syscall === 'listen' || syscall === 'bind' ? 'listen on' : 'connect to'
    return `could not ${verb} ${peer}${port === undefined ? '' : `:${port}`}`
  }
  if (path === undefined) return syscall === undefined ? '' : `could not ${verbOf(syscall)}`
  return `could not ${verbOf(syscall ?? 'use')} ${path}${dest === undefined ? '' : ` to ${dest}`}`
}

const verbs: Readonly<Record<string, string>> = {
  scandir: 'read the folder',
  opendir: 'read the folder',
  stat: 'find',
  lstat: 'find',
  access: 'use',
  mkdir: 'create the folder',
  mkdtemp: 'create the folder',
  unlink: 'delete',
  rmdir: 'delete',
  copyfile: 'copy',
  uv_spawn: 'start',
}

function verbOf(syscall: string): string {
  return syscall.startsWith('spawn') ? 'start' : (verbs[syscall] ?? syscall)
}
