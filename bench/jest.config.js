const suite = require('../jest.config.js');

/** The suite's own stories, told for much longer: the same two databases, one after the other. */
module.exports = {
  ...suite,
  rootDir: '..',
  maxWorkers: 1,
  projects: suite.projects
    .filter(({ globals }) => globals)
    .map((project) => ({
      ...project,
      rootDir: `${__dirname}/..`,
      testMatch: ['<rootDir>/bench/*.bench.ts'],
    })),
  reporters: ['default'],
};
