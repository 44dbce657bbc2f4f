import { join } from 'node:path';
import type { Place } from './database.js';
import { postgresPlace } from './database.js';
import { Given } from './given.js';
import { balancer, behindBalancer } from './balancer.js';
import type { Balancer } from './balancer.js';
import { spawnedService } from './program.js';
import { tempFolder } from './temp-folder.js';

export type Replica = Awaited<ReturnType<typeof spawnedService>>;

/** As an operator runs several: one database and one storage, and a DATA_DIR of each one's own. */
export interface Replicas {
  readonly place: Place;
  readonly all: readonly [Replica, Replica, Replica];
  readonly front: Balancer;
  /** At the balancer. */
  readonly given: Given;
}

const sharedKey = 'the same key for all of the replicas 1';

/** What a process needs to be one more of them. */
export const replicaEnv = ({ dataDir }: Place): Record<string, string> => ({
  ...behindBalancer,
  DATA_DIR: tempFolder(),
  STORAGE_URL: `file:${join(dataDir, 'archives')}`,
  SECRET_KEY: sharedKey,
});

/** Three processes of the program, started at the same moment on an empty database, and a balancer before them. */
export const replicaProcesses = async (
  env: Readonly<Record<string, string>> = {},
): Promise<Replicas> => {
  const place = await postgresPlace();
  const one = (): Promise<Replica> => spawnedService({ ...replicaEnv(place), ...env }, place);
  const all = await Promise.all([one(), one(), one()]);
  const front = await balancer(all.map(({ url }) => url));
  return { place, all, front, given: new Given(front.url) };
};
