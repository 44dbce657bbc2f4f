import type { Config } from '../../config/config.js';
import { databaseTarget } from '../../config/load-config.js';
import { ok, warn } from '../finding.js';
import type { Finding } from '../finding.js';

/** @param hasUsers null where the database cannot say */
export const judgeEnvironment = (config: Config, hasUsers: boolean | null): readonly Finding[] => [
  config.PUBLIC_URL === undefined
    ? warn(
        'public-url',
        'PUBLIC_URL is not set: links are made of what a request names, and only this machine’s own address is probed.',
        'set PUBLIC_URL to what people type.',
      )
    : ok('public-url', `${config.PUBLIC_URL} is what people type.`),
  config.SECRET_KEY === undefined && databaseTarget(config).kind === 'postgres'
    ? warn(
        'secret-key',
        'SECRET_KEY is not set: the one in DATA_DIR is used, and another replica would make another.',
        'set SECRET_KEY (or SECRET_KEY_FILE) to the content of secret.key, the same for every process.',
      )
    : ok('secret-key', config.SECRET_KEY === undefined ? 'kept in DATA_DIR.' : 'given.'),
  config.ADMIN_PASSWORD !== undefined && hasUsers === true
    ? warn(
        'admin-password',
        'ADMIN_PASSWORD is still set, and does nothing any more: there are users.',
        'remove ADMIN_USERNAME and ADMIN_PASSWORD from the environment, and wherever it comes from.',
      )
    : ok('admin-password', 'not left in the environment.'),
];
