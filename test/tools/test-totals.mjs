/**
 * Adds up vitest's JSON reports: `Tests: 123 passed, 0 failed, 2 skipped`. A suite without a report, a failed file or
 * no test at all is a failure. Plain JavaScript, because CI runs it with whatever node the machine has.
 */
import { readFileSync } from "node:fs"

let passed = 0
let failed = 0
let skipped = 0
for (const file of process.argv.slice(2)) {
  try {
    const report = JSON.parse(readFileSync(file, "utf8"))
    passed += report.numPassedTests
    failed += report.numFailedTests
    skipped += report.numPendingTests + report.numTodoTests
    for (const suite of report.testResults) {
      // A file that can't be loaded has no test that failed.
      if (suite.status === "failed" && suite.assertionResults.every((test) => test.status !== "failed")) failed += 1
      for (const test of suite.assertionResults) {
        if (test.status === "pending" || test.status === "skipped") console.log(`skipped: ${test.fullName}`)
      }
    }
  } catch (error) {
    console.error(`no report: ${error.message}`)
    failed += 1
  }
}
console.log(`Tests: ${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
