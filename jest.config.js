const { availableParallelism } = require('node:os');

/** @type {(name: string) => import('jest').Config} */
const project = (name) => ({
  displayName: name,
  testEnvironment: 'node',
  transform: {
    '^.+\\.(ts|js|mjs)$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  // Sources say `.js`, as Node wants it; here they are still `.ts`.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Packages that ship ES modules alone: Node can require them, Jest cannot.
  transformIgnorePatterns: [
    '/node_modules/(?!(nanoid|otplib|@otplib|@noble|@scure|uuid|@tus|srvx)/)',
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
});

/**
 * `npm test` leaves out what needs a tool of the system, the operator's commands, each of which is a process (test:all),
 * and what takes long (test:long).
 */
const tests = process.env.TESTS ?? 'short';
const onSqlite = {
  short: 'api,dialect,faults,hostile',
  all: 'api,dialect,faults,hostile,commands,commands/dialect,tools,tools/dialect,docs',
  long: 'api,dialect,faults,hostile,commands,commands/dialect,tools,tools/dialect,docs,long',
};
const onPostgres = {
  short: 'dialect,postgres',
  all: 'dialect,postgres,commands/dialect,tools/dialect',
  long: 'api,dialect,postgres,faults,hostile,commands,commands/dialect,tools,tools/dialect,long',
};

/** Stories of these folders; each file asks for a fresh database of this kind. */
const onDatabase = (database, folders) => ({
  ...project(database),
  transform: {
    [`^${__dirname}/(src|migrations|node_modules)/`]: '<rootDir>/test/support/shared-module.cjs',
    ...project(database).transform,
  },
  transformIgnorePatterns: [],
  testMatch: [`<rootDir>/test/{${folders}}/*.test.ts`],
  globals: { testDatabase: database },
});

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    {
      ...project('unit'),
      testMatch: [
        '<rootDir>/{src,scripts,test/support}/**/*.spec.ts',
        '<rootDir>/test/{contracts,web}/*.test.ts',
      ],
    },
    onDatabase('sqlite', onSqlite[tests]),
    {
      ...onDatabase('postgres', onPostgres[tests]),
      globalSetup: '<rootDir>/test/support/postgres-server.ts',
      globalTeardown: '<rootDir>/test/support/postgres-teardown.ts',
    },
  ],
  globalSetup: '<rootDir>/test/support/program-build.ts',
  // A story waits for processes, disks and time limits a fifth of its time: three workers keep two processors busy.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // Each file leaves modules behind; a worker of two gigabytes spends its time collecting them.
  workerIdleMemoryLimit: '800MB',
  // Only what hangs passes it: how long a story takes is the machine's matter.
  testTimeout: 300_000,
  reporters: [
    'default',
    'summary',
    '<rootDir>/test/support/left-out-reporter.cjs',
    '<rootDir>/test/support/counts-reporter.cjs',
  ],
};
