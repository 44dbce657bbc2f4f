import { createDocumentedApp } from '../app.js';
import { SweepService } from '../maintenance/sweep.service.js';
import { VerifyService } from '../maintenance/verify.service.js';
import type { Verified } from '../maintenance/verify.service.js';
import { loadConfig } from '../config/load-config.js';
import { LineBatch } from '../http/line-batch.js';
import { createLog } from '../http/log.js';
import { openResources, startService } from '../main.js';
import { openApiDocument } from '../openapi.js';
import type { Roles } from '../roles.js';
import { print, withStorage } from './command.js';

/** Runs until SIGTERM or SIGINT; a second signal ends at once. */
const run = async (roles: Roles): Promise<void> => {
  const config = loadConfig(process.env);
  const log = createLog(config.LOG_LEVEL, new LineBatch(process.stdout));
  process.on('unhandledRejection', (cause) => {
    log.error({ event: 'process.unhandled', err: cause });
  });
  const starting = startService(config, log, roles);
  let signals = 0;
  // Before the start is over too: as the first process of a container nothing else would end us.
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    starting
      .then((service) => service.stop())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  await starting;
};

export const runServe = ({ jobs }: { jobs: boolean }): Promise<void> => run({ http: true, jobs });

export const runWork = (): Promise<void> => run({ http: false, jobs: true });

export const runMigrate = async (): Promise<void> => {
  const config = loadConfig(process.env);
  const log = createLog('warn', process.stderr);
  const { dataSource } = await openResources(config, log, 'command');
  await dataSource.destroy();
  print('The database is up to date.');
};

/** A finding is a failure. */
export const printVerified = ({ archives, bytes, findings }: Verified): void => {
  for (const finding of findings)
    print(
      finding.kind === 'orphaned'
        ? `orphaned ${finding.id}`
        : `${finding.kind} ${finding.id} ${JSON.stringify(finding.filename)}`,
    );
  print(`${archives} archives, ${bytes} bytes, ${findings.length} findings`);
  if (findings.length > 0) process.exitCode = 1;
};

export const runVerify = async (): Promise<void> => {
  printVerified(await withStorage((service) => service.get(VerifyService).verify()));
};

export const runSweep = async (options: { dryRun?: boolean; force?: boolean }): Promise<void> => {
  const { uploads, deletions, orphans } = await withStorage((service) =>
    service.get(SweepService).sweep(options),
  );
  if (options.dryRun) for (const name of orphans) print(JSON.stringify(name));
  const count = orphans.length;
  print(
    options.dryRun
      ? `${count} orphans would be removed`
      : `${uploads} uploads given back, ${deletions} deletions finished, ${count} orphans removed`,
  );
};

export const runOpenApi = async (): Promise<void> => {
  const app = await createDocumentedApp(createLog('warn', process.stderr));
  print(JSON.stringify(openApiDocument(app), null, 2));
  await app.close();
};
