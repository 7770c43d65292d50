/** An import in a process of its own, which a test kills: `import-process.ts '{"server", "realm", …}'`. */
import { createAdmin } from '@cloakwright/admin'
import { importUsers } from '@cloakwright/admin/jobs'
import { fileOf, person } from './users.ts'

export interface ImportProcess {
  readonly server: string
  readonly realm: string
  readonly credentials: { readonly username: string; readonly password: string }
  readonly count: number
  readonly journal: string
  readonly rejected: string
}

const { server, realm, credentials, count, ...files } = JSON.parse(process.argv[2] ?? '') as ImportProcess
const admin = createAdmin({ server, realm, credentials })
const report = await importUsers(admin, fileOf(count, person), files)
process.stdout.write(JSON.stringify(report))
