/**
 * A process of the tests. `hold`: takes a lock, prints it, and keeps it until it is killed. `contend`: takes it
 * repeatedly. `cluster`: takes it, and a worker of it tries to.
 */
import cluster from 'node:cluster'
import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { takeLock } from 'cloakwright/lock'

const [task, path = '', log = ''] = process.argv.slice(2)

if (task === 'cluster' && cluster.isPrimary) {
  await takeLock(path)
  cluster.fork()
} else if (task === 'hold' || task === 'cluster') {
  const lock = await takeLock(path).catch(({ code, message }) => ({ held: false, code, message }))
  console.log(JSON.stringify(lock))
  if (lock.held) setInterval(() => {}, 1000)
} else {
  // All start at the same moment.
  console.log('waits')
  while (!existsSync(join(log, 'begin'))) await pause(5)
  for (let taken = 0; taken < 15; ) {
    const lock = await takeLock(path)
    if (!lock.held) {
      await pause(Math.random() * 10)
      continue
    }
    taken += 1
    appendFileSync(join(log, 'log'), `${process.pid} in\n`)
    await pause(Math.random() * 4)
    appendFileSync(join(log, 'log'), `${process.pid} out\n`)
    // Some die with the lock in their last round: the others find what a killed process leaves.
    if (taken === 15 && process.pid % 2 === 0) process.kill(process.pid, 'SIGKILL')
    await lock.release()
  }
  console.log('done')
}
