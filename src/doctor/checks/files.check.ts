import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatabaseTarget } from '../../config/load-config.js';
import { fail, ok } from '../finding.js';
import type { Finding } from '../finding.js';

export interface FileMode {
  readonly path: string;
  /** Permission bits, as of stat. */
  readonly mode: number;
  /** Those of the folder it lies in: who may not enter that reads nothing in it. */
  readonly folderMode: number;
}

const othersRead = 0o066;
const othersEnter = 0o011;

/** @param secrets who reads one of them has the keys, or all data */
export const judgeModes = (secrets: readonly FileMode[]): Finding => {
  const open = secrets.filter(
    ({ mode, folderMode }) => (mode & othersRead) !== 0 && (folderMode & othersEnter) !== 0,
  );
  if (open.length === 0) return ok('files', 'database and key are for their owner alone.');
  const saw = open.map(({ path, mode }) => `${path} (${(mode & 0o777).toString(8)})`).join(', ');
  return fail(
    'files',
    `others on this machine may read ${saw}.`,
    `chmod go= ${[...new Set(open.flatMap(({ path }) => [dirname(path), path]))].join(' ')}`,
  );
};

/** @returns null where it is not there */
const modeOf = (path: string): Promise<FileMode | null> =>
  Promise.all([stat(path), stat(dirname(path))]).then(
    ([{ mode }, folder]) => ({ path, mode, folderMode: folder.mode }),
    () => null,
  );

export const checkFiles = async (dataDir: string, target: DatabaseTarget): Promise<Finding> => {
  const paths = [join(dataDir, 'secret.key'), ...(target.kind === 'sqlite' ? [target.path] : [])];
  const modes = await Promise.all(paths.map(modeOf));
  return judgeModes(modes.filter((mode) => mode !== null));
};
