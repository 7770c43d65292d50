import { ndjsonSink, readHeads, type TrailProblem, verifyTrail } from '@cloakwright/admin/audit'
import { exitCode } from '../../exit.ts'
import { countOf, escaped, print, toJson } from '../../terminal/index.ts'
import { requireTrail } from './audit-list.ts'

interface Options {
  readonly heads?: string
  readonly json?: true
}

/** `cloakwright audit verify`. */
export async function verify(given: string | undefined, options: Options): Promise<void> {
  // Without this check, a missing file would count as an intact trail.
  const file = requireTrail(given)
  const heads = options.heads === undefined ? [] : await readHeads(options.heads)
  const report = await verifyTrail(ndjsonSink(file), { heads })
  const { entries, head, problems } = report
  if (options.json === true) print(toJson({ isWhole: problems.length === 0, ...report }, 2))
  else {
    for (const problem of problems.slice(0, mostTold)) print(escaped(describe(problem)))
    if (problems.length > mostTold) print(`and ${problems.length - mostTold} more: use --json to list all`)
    const end = head === undefined ? '' : `, head ${head.sequence} ${head.hash}`
    print(
      problems.length === 0
        ? `intact: ${entries} ${entries === 1 ? 'entry' : 'entries'}${end}`
        : `not intact: ${countOf(problems.length, 'problem')}`,
    )
  }
  if (problems.length > 0) process.exitCode = exitCode.failed
}

/** The number of problems to print. */
const mostTold = 20

const meanings: Readonly<Record<TrailProblem['problem'], string>> = {
  removed: 'missing from the trail',
  changed: 'modified after it was written',
  inserted: 'added later',
  reordered: 'moved to another place',
  truncated: 'a stored head lies after the end',
  replaced: 'does not match the stored heads, or the entries after it',
  unsealed: 'without a seal: it was added, or its write was interrupted',
}

/** `changed: entry 2 (line 3), modified after it was written`. A line that is not an entry has no number. */
function describe({ problem, from, to, at }: TrailProblem): string {
  const entries = from === to ? `entry ${from}` : `entries ${from} to ${to}`
  return `${problem}: ${to === 0 ? 'no entry' : entries} (${at}), ${meanings[problem]}`
}
