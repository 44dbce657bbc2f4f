import { nodeProblem } from './supported-node.js';

it.each([
  ['22.14.0', '10'],
  ['24.11.0', '10'],
  ['26.0.0', '10'],
  ['30.0.0', '11'],
])('takes %s with Node-API %s', (node, napi) => {
  expect(nodeProblem({ node, napi })).toBeNull();
});

it.each([
  ['23.5.0', '9'],
  ['22.13.1', '9'],
  ['20.20.2', '9'],
  ['8.9.0', undefined],
])('refuses %s with Node-API %s, and says what it needs', (node, napi) => {
  expect(nodeProblem({ node, ...(napi !== undefined && { napi }) })).toBe(
    `Logs Collector needs Node.js 24, or 22 from 22.14 on, and this is ${node}: install one of them, or start it with ` +
      '`npm start` or `npx logs-collector`, which use the Node.js 24 that `npm ci` installs on Linux.',
  );
});
