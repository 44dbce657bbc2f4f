const { existsSync, readFileSync, writeFileSync, writeSync } = require('node:fs');

/** Ends the run with `N passed, N failed`, and adds its numbers to what TEST_COUNTS_FILE holds, for .ci/run. */
module.exports = class CountsReporter {
  outcomes = new Map();
  errors = 0;

  onTestEnd(test, result) {
    this.outcomes.set(test.id, result.status);
  }

  /** Outside of a test: a file that cannot be loaded counts as one that failed. */
  onError() {
    this.errors += 1;
  }

  onEnd() {
    const statuses = [...this.outcomes.values()];
    const passed = statuses.filter((status) => status === 'passed').length;
    const failed =
      statuses.filter((status) => status !== 'passed' && status !== 'skipped').length + this.errors;
    writeSync(1, `${passed} passed, ${failed} failed\n`);
    const path = process.env.TEST_COUNTS_FILE;
    if (!path) return;
    const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const [, passedBefore = 0, failedBefore = 0] = /^(\d+) passed, (\d+) failed/.exec(before) ?? [];
    const sum = `${Number(passedBefore) + passed} passed, ${Number(failedBefore) + failed} failed\n`;
    writeFileSync(path, sum);
  }

  printsToStdio() {
    return false;
  }
};
