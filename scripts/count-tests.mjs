/**
 * `node scripts/count-tests.mjs <folder of Vitest's JSON reports> [failed steps]`: the end of .ci/run. It names each failed
 * test once more with its first error, since the output of the suite is far above, then prints the count. A step that
 * failed without a failed test to show for it (a check, a suite that did not start) counts as one failure.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './lib/root.mjs'

const [folder, ...failedSteps] = process.argv.slice(2)
let passed = 0
let failed = 0
let failedSuites = 0
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  passed += report.numPassedTests
  let failures = 0
  for (const { name, status, message, assertionResults } of report.testResults) {
    const failedTests = assertionResults.filter((test) => test.status === 'failed')
    for (const test of failedTests) show(name, test.fullName, test.failureMessages[0])
    // A file that cannot be loaded fails as a suite without tests.
    const isEmpty = status === 'failed' && failedTests.length === 0
    if (isEmpty) show(name, 'the file itself', message)
    failures += failedTests.length + (isEmpty ? 1 : 0)
  }
  failed += failures
  if (failures > 0) failedSuites += 1
}
for (const step of failedSteps) console.log(`\nFAILED step: ${step}`)
failed += Math.max(0, failedSteps.length - failedSuites)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

function show(file, test, message = '') {
  console.log(`\nFAILED ${relative(root, file)} > ${test}\n${message.split('\n').slice(0, 25).join('\n')}`)
}
