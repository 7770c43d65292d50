import { createAdmin, type ImportReport, importUsers, openUserFile } from '@cloakwright/admin'

/** What a process of its own shall import. */
export interface ImportTask {
  readonly server: string
  readonly credentials: { readonly username: string; readonly password: string }
  readonly realm: string
  readonly file: string
  readonly journal: string
  readonly deadLetter: string
}

/** What it did, and the most resident memory that it ever had, in megabytes (10^6 bytes). */
export interface ImportResult {
  readonly report: ImportReport
  readonly peak: number
}

const { server, credentials, realm, file, journal, deadLetter } = JSON.parse(
  process.argv[2] ?? '',
) as ImportTask
const admin = createAdmin({ server, credentials, realm })
let told = performance.now()
const report = await importUsers(admin, await openUserFile(file), {
  journal,
  deadLetter,
  onProgress({ phase, done, total, perSecond }) {
    if (performance.now() - told < 30_000) return
    told = performance.now()
    process.stderr.write(`users: ${phase} ${done} of ${total ?? '?'}, ${perSecond.toFixed(0)}/s\n`)
  },
})
const peak = (process.resourceUsage().maxRSS * 1024) / 1e6
const result: ImportResult = { report, peak }
process.stdout.write(JSON.stringify(result))
