/** The process under test: an embedded realm with its own state folder, which reports its URL and routes. */
import { createDevRealm, migrations } from '@cloakwright/devrealm'
import { openHome } from '@cloakwright/devrealm/home'
import { migrate } from 'cloakwright/state'

const [folder] = process.argv.slice(2)
const home = await openHome(folder)
const { sql } = await home.openDatabase()
await migrate(sql, 'devrealm', migrations)
const silent = () => {}
const logger = {
  level: 'error',
  fatal: report,
  error: report,
  warn: silent,
  info: silent,
  debug: silent,
  trace: silent,
  silent,
  child: () => logger,
}
const realm = await createDevRealm({ sql, logger })
await realm.app.ready()
const url = await realm.listen()
process.send({ port: Number(new URL(url).port), routes: realm.app.printRoutes({ commonPrefix: false }) })

async function stop() {
  await realm.close()
  await home.close()
  process.disconnect?.()
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void stop())
process.once('disconnect', () => process.exit())

function report(what) {
  const error = what instanceof Error ? what : what?.err
  if (error === undefined) return
  const frames = String(error.stack).split('\n').slice(0, 6).join('\n')
  process.send?.({ fault: frames })
}
