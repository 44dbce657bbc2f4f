/**
 * cli.ts imports this before anything else, and it imports nothing: where Node.js is too old for better-sqlite3, loading
 * that ends the process with a segmentation fault and no message. It is built for Node-API 10, which came with 22.14 and
 * 23.6, whatever its `engines` say.
 */
const nodeApi = 10;

/** @returns what is wrong with this Node.js, or null where the program runs on it */
export const nodeProblem = ({
  node,
  napi = '0',
}: {
  readonly node: string;
  /** The version of Node-API; of a very old Node.js there is none. */
  readonly napi?: string;
}): string | null =>
  Number(napi) >= nodeApi
    ? null
    : `Logs Collector needs Node.js 24, or 22 from 22.14 on, and this is ${node}: install one of them, or start it with ` +
      '`npm start` or `npx logs-collector`, which use the Node.js 24 that `npm ci` installs on Linux.';

const problem = nodeProblem(process.versions);
if (problem !== null) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
