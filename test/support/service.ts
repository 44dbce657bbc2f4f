import { loadConfig } from '../../src/config/load-config.js';
import { Addresses } from '../../src/http/addresses.js';
import { createLog } from '../../src/http/log.js';
import { startService } from '../../src/main.js';
import type { Service } from '../../src/main.js';
import { allRoles } from '../../src/roles.js';
import type { Roles } from '../../src/roles.js';
import { afterFile } from './cleaning.js';
import { freshPlace } from './database.js';
import type { Place } from './database.js';
import { Given, admin } from './given.js';
import { Lines } from './lines.js';

/**
 * The environment of a service under test: limits out of the way, the first admin known. The scrub is off: at the turn of
 * a minute it would mark what a story has damaged.
 */
export const testEnv = (place: Place): Record<string, string> => ({
  HOST: '127.0.0.1',
  PORT: '0',
  DATA_DIR: place.dataDir,
  DATABASE_URL: place.databaseUrl,
  ADMIN_USERNAME: admin.username,
  ADMIN_PASSWORD: admin.password,
  MIN_FREE_BYTES: '0',
  LOGIN_RATE: '100000',
  API_RATE: '1000000',
  SCRUB_RATE_BYTES: '0',
  SHUTDOWN_GRACE: '5',
});

export interface TestService {
  /** Without a slash at its end; the API is below `/api/v1`. */
  readonly url: string;
  readonly app: Service['app'];
  readonly place: Place;
  /** What the service wrote to its log. */
  readonly log: Lines;
  readonly given: Given;
  /** As SIGTERM does. Stopped after the file's tests in any case. */
  stop(): Promise<void>;
}

/**
 * Starts the real service in this process on a free port, a fresh folder and a fresh database.
 * @param env what differs from testEnv
 * @param place another service's, to see what a restart finds
 * @param roles what this process does
 */
export const startedService = async (
  env: Readonly<Record<string, string>> = {},
  place?: Place,
  roles: Roles = allRoles,
): Promise<TestService> => {
  const where = place ?? (await freshPlace());
  const config = loadConfig({ ...testEnv(where), ...env });
  const log = new Lines();
  const service = await startService(config, createLog(config.LOG_LEVEL, log), roles);
  afterFile(() => service.stop());
  return {
    url: service.url,
    app: service.app,
    place: where,
    log,
    // Where PUBLIC_URL has a path, that is also the session cookie's.
    given: new Given(service.url + service.app.get(Addresses).prefix),
    stop: () => service.stop(),
  };
};
