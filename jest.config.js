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
  // Packages that ship ES modules alone: Node 20 requires them by itself, Jest does not.
  transformIgnorePatterns: [
    '/node_modules/(?!(nanoid|otplib|@otplib|@noble|@scure|uuid|@tus|srvx)/)',
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
});

/** The same stories on both databases; each file asks for a fresh database of this kind. */
const onDatabase = (database, folders = 'api,faults,hostile') => ({
  ...project(database),
  testMatch: [`<rootDir>/test/{${folders}}/**/*.test.ts`],
  globals: { testDatabase: database },
});

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    {
      ...project('unit'),
      testMatch: [
        '<rootDir>/{src,scripts}/**/*.spec.ts',
        '<rootDir>/test/{contracts,web}/*.test.ts',
      ],
    },
    // What the documents say is run once, on the database that a newcomer meets.
    onDatabase('sqlite', 'api,faults,hostile,docs'),
    {
      ...onDatabase('postgres', 'api,faults,hostile,postgres'),
      // The sandbox knows no database.
      testPathIgnorePatterns: ['/node_modules/', '/test/hostile/sandbox'],
      globalSetup: '<rootDir>/test/support/postgres-server.ts',
      globalTeardown: '<rootDir>/test/support/postgres-teardown.ts',
    },
  ],
  globalSetup: '<rootDir>/test/support/program-build.ts',
  // Half of a story is waiting for a password hash or a disk: two processors serve two workers.
  maxWorkers: '100%',
  // Each file leaves modules behind; a worker of two gigabytes spends its time collecting them.
  workerIdleMemoryLimit: '800MB',
  testTimeout: 30_000,
  reporters: ['default', 'summary', '<rootDir>/test/support/counts-reporter.cjs'],
};
