import { ndjsonSink, readHeads, type TrailProblem, verifyTrail } from '@cloakwright/admin/audit'
import { exitCode } from '../../exit.ts'
import { escaped, print, toJson } from '../../terminal/index.ts'
import { requireTrail } from './audit-list.ts'

interface Options {
  readonly heads?: string
  readonly json?: true
}

/** `cloakwright audit verify`. */
export async function verify(given: string | undefined, options: Options): Promise<void> {
  // Of no file, nothing would be wrong.
  const file = requireTrail(given)
  const heads = options.heads === undefined ? [] : await readHeads(options.heads)
  const report = await verifyTrail(ndjsonSink(file), { heads })
  const { entries, head, problems } = report
  if (options.json === true) print(toJson({ isWhole: problems.length === 0, ...report }, 2))
  else {
    for (const problem of problems.slice(0, mostTold)) print(escaped(describe(problem)))
    if (problems.length > mostTold) print(`and ${problems.length - mostTold} more; --json has them`)
    const end = head === undefined ? '' : `, its head ${head.sequence} ${head.hash}`
    print(problems.length === 0 ? `whole: ${entries} entries${end}` : `not whole: ${problems.length} found`)
  }
  if (problems.length > 0) process.exitCode = exitCode.failed
}

/** Problems that are told one by one. */
const mostTold = 20

const meanings: Readonly<Record<TrailProblem['problem'], string>> = {
  removed: 'gone',
  changed: 'not as it was written',
  inserted: 'put in later',
  reordered: 'not in its place',
  truncated: 'cut off: a head that was kept is behind the end',
  replaced: 'not what the kept heads, or the entries after it, go on from',
  unsealed: 'without a seal: put in, or its write was interrupted',
}

/** `changed: entry 2 (line 3), not as it was written`. What is no entry at all has no number. */
function describe({ problem, from, to, at }: TrailProblem): string {
  const entries = from === to ? `entry ${from}` : `entries ${from} to ${to}`
  return `${problem}: ${to === 0 ? 'no entry' : entries} (${at}), ${meanings[problem]}`
}
