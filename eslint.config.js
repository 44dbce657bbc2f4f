const eslint = require('@eslint/js');
const { defineConfig } = require('eslint/config');
const svelte = require('eslint-plugin-svelte').default;
const tseslint = require('typescript-eslint');

module.exports = defineConfig(
  {
    ignores: [
      ...['dist/', 'coverage/', 'data/', 'node_modules/', 'test-results/', 'screenshots/'],
      // Made by programs.
      ...['web/src/paraglide/', 'web/src/api/schema.d.ts'],
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    extends: [svelte.configs.recommended],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // Addresses are made by the router of ours, which knows no base to resolve them against.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  {
    files: ['**/*.ts', '**/*.mts', '**/*.svelte'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: __dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    // Trap: never enable consistent-type-imports. Its fix turns the import of an injected class into `import type`;
    // the compiler stays green and Nest no longer knows what to inject.
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:crypto', 'crypto'].map((name) => ({
            name,
            message: 'Secrets and digests are made in src/secrets alone.',
          })),
        },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      // A Nest module is a class without members, and the program's errors are told apart by their classes.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => voidCall()` and `(timer) => clearTimeout(timer)` are plain as they are.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // An abstract member needs no body, and a stub may do nothing on purpose.
      '@typescript-eslint/no-empty-function': ['error', { allow: ['arrowFunctions'] }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // Views, entities and inputs are plain data described by a class: they are written as literals and spread.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      // `env['NAME']`: what an index signature may lack looks different from what a type promises.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // Names that customers send hold control characters, and the patterns that clean them name those.
      'no-control-regex': 'off',
      // `string | 'malformed' | null` names the text that means something else.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      // It does not see what a decorator uses.
      'no-useless-assignment': 'off',
      // A type parameter in the place of `unknown` documents what comes in.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // An environment variable set to nothing counts as not set: `||` says so.
      '@typescript-eslint/prefer-nullish-coalescing': [
        'error',
        { ignorePrimitives: { string: true } },
      ],
    },
  },
  { files: ['src/secrets/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['test/**/*.ts', '**/*.spec.ts', 'scripts/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // A test hashes by itself what it sent: the program's own digest would agree with itself.
      'no-restricted-imports': 'off',
      // `expect(spy.method)` and matchers of Jest, whose types are `any`.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  { files: ['scripts/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['web/**/*.{ts,mts,svelte}'],
    rules: {
      // The compiler knows every name there is, the browser's among them.
      'no-undef': 'off',
      // Nest's traps are not here: whoever imports a type says so.
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['**/*.svelte'],
    // The parser goes last: the block for TypeScript names its own.
    languageOptions: { parser: require('svelte-eslint-parser') },
    rules: {
      // `$props` and `$bindable` change variables that seem never to change.
      'prefer-const': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // What a snippet is given is `any` to this parser; svelte-check knows its type.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: {
        module: 'writable',
        require: 'readonly',
        process: 'readonly',
        __dirname: 'readonly',
        console: 'readonly',
      },
    },
  },
  {
    files: ['web/**/*.mjs'],
    languageOptions: { sourceType: 'module', globals: { process: 'readonly' } },
  },
);
