import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { logDestination } from '../../src/log/log-destination.ts'
import { createLogger } from '../../src/log/logger.ts'

const canMount = process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0

test.runIf(canMount)('a log on a full disk stops nothing, and reports how many lines were lost', () => {
  const disk = mkdtempSync(join(tmpdir(), 'cloakwright-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk])
  const file = join(disk, 'log')
  const descriptor = openSync(file, 'a')
  try {
    const logger = createLogger('info', logDestination(descriptor))
    logger.info('first')
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize))
    for (let line = 0; line < 3; line++) logger.info('x'.repeat(6000))
    rmSync(join(disk, 'filler'))
    logger.info('last')
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'first' })
    // The first of the three was partly written, and is finished.
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg.length)).toEqual([5, 6000, 19, 4])
    expect(JSON.parse(lines.at(-2) ?? '')).toMatchObject({ level: 40, lost: 2, reason: 'ENOSPC' })
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ msg: 'last' })
  } finally {
    closeSync(descriptor)
    execFileSync('umount', [disk])
    rmdirSync(disk)
  }
})
