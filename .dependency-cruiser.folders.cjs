/**
 * Folders of src, inside features as well, import each other one way. Held by `npm run imports`, apart from the other
 * rules: a spec may import test/support, which stands on the whole program, and a folder's arrows are those of all its
 * files.
 */
const { options } = require('./.dependency-cruiser.cjs');

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycle-by-folder',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
  ],
  options: { ...options, exclude: { path: '\\.spec\\.ts$' } },
};
