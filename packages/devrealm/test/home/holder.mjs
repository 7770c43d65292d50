/** A process that opens a state folder, prints so, and holds it until it is killed; started by the tests. */
import { openHome } from '@cloakwright/devrealm/home'

const [folder = '', task] = process.argv.slice(2)
const home = await openHome(folder)
if (task === 'write') {
  const { sql } = await home.openDatabase()
  await sql.query('create table if not exists entries (id int primary key)')
  console.log('held')
  for (let id = 1; ; id++) {
    await sql.query('insert into entries values ($1)', [id])
    console.log(`committed ${id}`)
  }
}
console.log('held')
setInterval(() => {}, 1000)
