import type { DatabaseTarget } from './config/load-config.js';

/** What a process does: `serve` both, `serve --no-jobs` and `work` one each. */
export interface Roles {
  /** Serves the API and the web UI. A process that does not answers probes and figures alone. */
  readonly http: boolean;
  /** Runs jobs, and what runs by the clock for all processes. */
  readonly jobs: boolean;
}

export const allRoles: Roles = { http: true, jobs: true };

/** Two processes on an SQLite database, which has room for one. */
export class RolesNotSplit extends Error {
  constructor(command: string) {
    super(
      `"${command}" needs PostgreSQL: an SQLite database belongs to one process, which serves and works; run "serve"`,
    );
    this.name = 'RolesNotSplit';
  }
}

/** @throws RolesNotSplit */
export const assertMaySplit = ({ http, jobs }: Roles, { kind }: DatabaseTarget): void => {
  if (kind === 'sqlite' && !(http && jobs))
    throw new RolesNotSplit(http ? 'serve --no-jobs' : 'work');
};
