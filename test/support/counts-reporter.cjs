const { writeFileSync, writeSync } = require('node:fs');

/** Ends the run with `N passed, N failed`; TEST_COUNTS_FILE, where given, keeps that line for .ci/run. */
module.exports = class CountsReporter {
  onRunComplete(_contexts, results) {
    // A file that failed to load has no tests to count: it counts as one that failed.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const line = `${results.numPassedTests} passed, ${failed} failed\n`;
    // After the summary, which another reporter writes later.
    process.once('exit', () => writeSync(1, line));
    if (process.env.TEST_COUNTS_FILE) writeFileSync(process.env.TEST_COUNTS_FILE, line);
  }
};
