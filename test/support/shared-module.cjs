const { createHash } = require('node:crypto');
const { join, relative, resolve } = require('node:path');

const root = resolve(__dirname, '../..');
const program = join(root, 'node_modules/.cache/logs-collector-program/dist');

/** Where Node finds a module: the program as program-build.ts compiled it, a package where it is. */
const placeOf = (path) =>
  path.includes('/node_modules/')
    ? path
    : join(program, relative(root, path).replace(/\.ts$/, '.js'));

/** Jest transforms as well what it loads outside of the tests' realm: Node is loading that one already. */
const isLoading = (path) => require.cache[path]?.loaded === false;

/** In Node's own realm; what Jest gives to tests under these names is Jest's. */
const nodesRequire = "(path) => process.getBuiltinModule('module').createRequire(path)(path)";

const codeOf = (text, path) => {
  if (isLoading(path)) return text;
  return `module.exports = require('node:vm').runInThisContext(${JSON.stringify(nodesRequire)})(${JSON.stringify(placeOf(path))});`;
};

/**
 * A Jest transform that hands a module out instead of its text: Node loads it, once for all test files of a worker.
 * Jest would load the program and its packages again for each file, which takes longer than most files' stories.
 */
module.exports = {
  process: (text, path) => ({ code: codeOf(text, path) }),
  getCacheKey: (text, path) => createHash('sha256').update(codeOf(text, path)).digest('hex'),
};
