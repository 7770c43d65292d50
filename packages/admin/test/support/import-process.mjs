/**
 * An import in a process of its own, which a test kills: `import-process.mjs '{"server", "realm", …}'`. It runs what is
 * built, which starts faster than the sources.
 */
import { createAdmin } from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { importUsers } from '@cloakwright/admin/jobs'

const { server, realm, credentials, people, ...files } = JSON.parse(process.argv[2])
const admin = createAdmin({ server, realm, credentials })
process.stdout.write(JSON.stringify(await importUsers(admin, await openUserFile(people), files)))
