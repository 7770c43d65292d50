/**
 * `node scripts/count-tests.mjs <folder of Vitest's JSON reports> <failed steps>`: the last line of .ci/run. A step that
 * failed without a failed test to show for it (a check, a suite that did not start) counts as one failure.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, steps] = process.argv.slice(2)
let passed = 0
let failed = 0
let failedSuites = 0
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  passed += report.numPassedTests
  // A file that cannot be loaded fails as a suite without tests.
  const empty = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length
  failed += report.numFailedTests + empty
  if (report.numFailedTests + empty > 0) failedSuites += 1
}
failed += Math.max(0, Number(steps) - failedSuites)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
