import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const upstream = 'http://127.0.0.1:8000';

/** The block for nginx in docs/operations.md, as it stands there, in front of this service. */
export const documentedNginx = (service: string): string => {
  const text = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const [, block = ''] = /^```nginx\n(.*?)^```$/ms.exec(text) ?? [];
  if (!block.includes(upstream)) throw new Error('docs/operations.md has no block for nginx');
  return block.replace(upstream, service);
};

/** The same with one thing otherwise. @throws Error where the block does not say what is replaced */
export const changedNginx = (service: string, from: string | RegExp, to: string): string => {
  const block = documentedNginx(service);
  const changed = block.replace(from, to);
  if (changed === block) throw new Error(`the block for nginx does not say ${String(from)}`);
  return changed;
};
