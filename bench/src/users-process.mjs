/** Imports a file of users. JavaScript, so that no TypeScript loader is in the measured memory. */
import { createAdmin } from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { importUsers } from '@cloakwright/admin/jobs'

const { server, credentials, realm, file, journal, rejected } = JSON.parse(process.argv[2] ?? '')
let told = performance.now()
const report = await importUsers(createAdmin({ server, credentials, realm }), await openUserFile(file), {
  journal,
  rejected,
  onProgress({ phase, done, total, perSecond }) {
    if (performance.now() - told < 30_000) return
    told = performance.now()
    process.stderr.write(`users: ${phase} ${done} of ${total ?? '?'}, ${perSecond.toFixed(0)}/s\n`)
  },
})
const peak = (process.resourceUsage().maxRSS * 1024) / 1e6
process.stdout.write(JSON.stringify({ report, peak }))
