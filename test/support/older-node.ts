import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from './temp-folder.js';

/**
 * An environment in which the program takes this Node.js for one of the line 20. When it ends it prints the paths of all
 * that it has loaded, one a line.
 */
export const olderNode = (): Readonly<Record<string, string>> => {
  const path = join(tempFolder(), 'older-node.cjs');
  writeFileSync(
    path,
    `const versions = { ...process.versions, node: '20.20.2', napi: '9' };
    Object.defineProperty(process, 'versions', { value: versions });
    delete require.cache[__filename];
    process.on('exit', () => console.log(Object.keys(require.cache).join('\\n')));`,
  );
  return { NODE_OPTIONS: `--require ${path}` };
};
