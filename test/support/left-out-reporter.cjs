const { relative } = require('node:path');
const { writeSync } = require('node:fs');

/** What left-out.ts writes into the title of a group or of a story. */
const reasonIn = (titles) =>
  titles.map((title) => / \(left out: (.+)\)$/.exec(title)?.[1]).find(Boolean);

/**
 * A line for each reason for which stories were left out; none where all were told.
 * @param results Jest's, of all files
 * @param told of a full name: whether the run was to tell it at all (`jest -t`)
 */
const leftOut = (results, rootDir, told = () => true) => {
  const byReason = new Map();
  for (const { testFilePath, testResults } of results)
    for (const { status, ancestorTitles, title, fullName } of testResults) {
      const reason = status === 'pending' ? reasonIn([...ancestorTitles, title]) : undefined;
      if (reason === undefined || !told(fullName)) continue;
      const { files, count } = byReason.get(reason) ?? { files: new Set(), count: 0 };
      files.add(relative(rootDir, testFilePath).replace(/\.test\.ts$/, ''));
      byReason.set(reason, { files, count: count + 1 });
    }
  return [...byReason].sort().map(([reason, { files, count }]) => {
    const stories = count === 1 ? '1 story' : `${count} stories`;
    return `left out: ${stories} of ${[...files].sort().join(', ')}: ${reason}`;
  });
};

/** Ends the run with what it left out and why, above the line with the counts. */
module.exports = class LeftOutReporter {
  static leftOut = leftOut;

  constructor({ rootDir, testNamePattern, nonFlagArgs }) {
    const name = testNamePattern ? new RegExp(testNamePattern, 'i') : null;
    this.lines = ({ testResults }) =>
      leftOut(testResults, rootDir, (fullName) => name === null || name.test(fullName));
    const isShort = (process.env.TESTS ?? 'short') === 'short';
    this.isWholeOfShort = isShort && name === null && nonFlagArgs.length === 0;
  }

  onRunComplete(_contexts, results) {
    const lines = this.lines(results);
    if (this.isWholeOfShort)
      lines.push(
        "npm run test:all adds the operator's commands and stories with tools of the system",
      );
    // After the summary, which another reporter writes later.
    process.once('exit', () => lines.forEach((line) => writeSync(1, `${line}\n`)));
  }
};
