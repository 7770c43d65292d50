/** A process on a disk that fills up, started by the tests, because a spinning database would block them. Prints JSON. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openHome } from '@cloakwright/devrealm/home'

const [disk = '', task = ''] = process.argv.slice(2)
const filler = join(disk, 'filler')
const told = {}
const codeOf = (error) => String(error.code ?? error)

/** Leaves the given number of megabytes free. */
function fill(left) {
  const { bavail, bsize } = statfsSync(disk)
  try {
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - left * 2 ** 20)))
  } catch {
    // Completely full.
  }
}

if (task === 'start') {
  fill(0)
  await openHome(join(disk, 'home'))
    .then((home) => home.openDatabase())
    .catch((error) => (told.full = codeOf(error)))
  rmSync(filler)
  const home = await openHome(join(disk, 'other'))
  told.later = (await (await home.openDatabase()).sql.query('select 1 as one')).rows
  await home.close()
} else {
  const home = await openHome(join(disk, 'home'))
  const database = await home.openDatabase()
  const { sql, pglite } = database
  await sql.query('create table if not exists entries (id serial primary key, text text)')
  const heard = []
  const reconnections = []
  const stop = await sql.listen(
    'news',
    (payload) => heard.push(payload),
    () => reconnections.push('again'),
  )
  fill(10)
  let acknowledged = 0
  const writes = {
    /** Until the log needs a new file without space: PostgreSQL stops with a PANIC. */
    log: async () => {
      await sql.query("insert into entries (text) values ('x')", [])
      acknowledged += 1
      await sql.query('select pg_switch_wal()', [])
    },
    /** The same, with concurrent transactions, some through the ORM. */
    transactions: async () => {
      const write = (run) => async () => {
        await run("insert into entries (text) values ('x')")
        await run('select pg_switch_wal()')
      }
      const work = [
        sql.transaction((tx) => write((text) => tx.query(text, []))()),
        pglite.transaction((tx) => write((text) => tx.query(text))()),
        sql.query('select 1'),
      ].map((each) => each.then(() => (acknowledged += 1)))
      const ends = await Promise.allSettled(work)
      acknowledged -= ends[2]?.status === 'fulfilled' ? 1 : 0
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    },
    /** Until a table can't grow: an ordinary error. */
    data: async () => {
      await sql.query("insert into entries (text) select repeat('x', 1000) from generate_series(1, 1000)", [])
      acknowledged += 1000
    },
    /** Sorting on disk. */
    temporary: async () => {
      const rows = "select g, repeat('x', 100) from generate_series(1, 400000) g order by 2, 1 offset 1"
      await sql.query(`select count(*) from (${rows}) as sorted`, [])
    },
  }
  const write = writes[task]
  const codes = []
  for (let attempt = 0; attempt < 300 && codes.length < 5; attempt++) {
    await write().catch((error) => codes.push(codeOf(error)))
  }
  told.codes = codes
  told.check = await database.check().catch(codeOf)

  rmSync(filler)
  told.checkLater = await database.check().catch(codeOf)
  await sql.query("insert into entries (text) values ('after')", [])
  const { rows } = await pglite.query('select count(*)::int as count from entries')
  told.lost = acknowledged + 1 - rows[0].count
  await sql.query("select pg_notify('news', 'heard')", [])
  await new Promise((resolve) => setTimeout(resolve))
  Object.assign(told, { heard, reconnections })
  await stop()

  fill(10)
  for (let attempt = 0, failed = false; attempt < 300 && !failed; attempt++) {
    await write().catch(() => (failed = true))
  }
  const closing = performance.now()
  await home.close()
  told.closedIn = performance.now() - closing
  rmSync(filler)
  const again = await openHome(join(disk, 'home'))
  const found = await (await again.openDatabase()).sql.query('select count(*)::int as count from entries')
  told.lostAfterClose = acknowledged + 1 - (found.rows[0]?.count ?? 0)
  await again.close()
}
console.log(JSON.stringify(told))
