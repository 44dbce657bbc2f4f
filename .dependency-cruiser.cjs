/**
 * The directions of docs/architecture.md, held by `npm run imports`. From the bottom up; imports point down only, and
 * not sideways. A new folder of src gets its place here first.
 */
const levels = [
  ['errors', 'secrets'],
  ['config'],
  ['database', 'metrics'],
  ['storage'],
  ['jobs', 'sandbox'],
  ['http'],
  // static knows files and nothing of the program: it only serves what web/ was built to, and the customer's script.
  ['throttling', 'static'],
  ['audit'],
  ['events'],
  ['auth', 'platforms'],
  ['tickets'],
  ['archives'],
  ['uploads'],
  ['deletion'],
  ['maintenance'],
  ['health', 'backup', 'doctor'],
  ['dashboard'],
  ['commands'],
];
const features = levels.slice(levels.findIndex((names) => names.includes('audit'))).flat();

const any = (names) => `(${names.join('|')})`;
/** Files directly in src put everything together; version.ts alone stands below all. */
const top = '^src/(?!version\\.ts)[^/]+\\.ts$';
const spec = '\\.spec\\.ts$';
/** The operator's commands are a client of the whole program, as main.ts is. */
const commands = '^src/commands/';

const upward = levels.flatMap((names, level) => {
  const above = levels.slice(level + 1).flat();
  return names.map((name) => ({
    name: `${name}-looks-down-only`,
    severity: 'error',
    from: { path: `^src/${name}/`, pathNot: [spec, commands] },
    to: {
      path: [`^src/${any([...above, ...names.filter((other) => other !== name), 'none'])}/`, top],
    },
  }));
});

/** What a feature shows to others: its module, service and entity. */
const shown = [
  '\\.(module|service|entity)\\.ts$',
  // The words of a service: what it takes, gives and throws. A constraint is named once, where it belongs.
  '\\.(dto|errors)\\.ts$',
  // What can happen, what the audit calls it, and how a feature subscribes to it.
  '^src/audit/audit\\.actions\\.ts$',
  '^src/events/(events|on-event)\\.ts$',
  // Sockets of auth: a feature that has credentials of its own plugs its strategy in.
  '^src/auth/(authenticator|credential\\.strategy)\\.ts$',
  // Socket of platforms and tickets: a feature above plugs in what goes with them.
  '^src/platforms/deletion-participants\\.ts$',
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'folder-has-a-place',
      comment: 'Name the folder in the levels above.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/${any(levels.flat())}/` },
      to: {},
    },
    {
      name: 'features-meet-at-their-services',
      severity: 'error',
      from: { path: `^src/${any(features)}/`, pathNot: [spec, commands] },
      to: { path: `^src/${any(features)}/`, pathNot: ['^src/$1/', ...shown] },
    },
    {
      name: 'deeds-are-recorded-as-events-so-that-subscribers-hear-of-them',
      comment:
        'Call EventsService.record: what is told to the audit alone passes the subscribers by.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(audit|events)/', spec] },
      to: { path: '^src/audit/audit\\.service\\.ts$' },
    },
    {
      name: 'controllers-see-services-only',
      comment: 'No ORM, entity or store in a controller.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: ['(^|/)node_modules/typeorm/', '\\.entity\\.ts$', '^src/(storage|database)/'] },
    },
    {
      name: 'migrations-know-no-entity',
      comment: 'A migration describes the past; the program goes on.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^src/' },
    },
    {
      name: 'sandboxed-programs-stand-alone',
      comment:
        'What runs on hostile bytes holds Node.js and its own folder, which is all that it may read.',
      severity: 'error',
      from: { path: '^reader/', pathNot: spec },
      to: { pathNot: '^reader/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'sandboxed-programs-are-run-not-imported',
      severity: 'error',
      from: { path: '^(src|migrations|bench|scripts)/' },
      to: { path: '^reader/' },
    },
    {
      name: 'web-is-a-client-of-the-api',
      comment: 'The web UI knows the API by its document; it is built apart and runs in a browser.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|migrations|test|bench|scripts)/' },
    },
    {
      name: 'nothing-imports-the-web-ui',
      severity: 'error',
      from: { path: '^(src|migrations|bench|scripts)/' },
      to: { path: '^web/' },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'program-needs-no-test',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: spec },
      to: { path: ['^(test|bench|scripts)/', spec], pathNot: '^node_modules' },
    },
    {
      name: 'program-needs-no-development-dependency',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: spec },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolves',
      comment:
        'Not in package.json, or not there at all. What is built is not there before it is built.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '(^|/)dist/' },
    },
    {
      name: 'is-a-dependency',
      severity: 'error',
      from: { path: '^(src|migrations)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // An `import type` couples as well.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'require', 'import', 'default', 'types'],
    },
  },
};
