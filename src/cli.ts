#!/usr/bin/env -S node --single-threaded-gc --no-incremental-marking --max-semi-space-size=2
import './commands/supported-node.js';
import './commands/scavenges.js';
import './commands/early-interrupt.js';
import 'reflect-metadata';
import { Command } from 'commander';
import { config as readDotEnv } from 'dotenv';
import { verifyAudit } from './commands/audit.js';
import { runBackup, runRestore } from './commands/backup.js';
import {
  runMigrate,
  runOpenApi,
  runServe,
  runSweep,
  runVerify,
  runWork,
} from './commands/commands.js';
import { sentenceOf } from './commands/command.js';
import { runCopyDatabase } from './commands/copy-database.js';
import { runDoctor } from './commands/doctor.js';
import { listJobs, retryJob } from './commands/jobs.js';
import { createUser, listUsers, resetSecondFactor, setPassword } from './commands/users.js';
import { version } from './version.js';

/** The operator's commands. Results go to standard output, errors to standard error with exit code 1. */
const program = new Command('logs-collector')
  .description(
    'Ticketed log-archive upload service. Configured by the environment; see .env.example.',
  )
  .version(version);

program
  .command('serve')
  .description('run the service; the default')
  .option('--no-jobs', 'leave jobs and work by the clock to "work" processes; needs PostgreSQL')
  .action(runServe);
program
  .command('work')
  .description(
    'run jobs and work by the clock, and answer /health/* and /metrics alone; needs PostgreSQL',
  )
  .action(runWork);
program.command('migrate').description('bring the database up to this version').action(runMigrate);
program
  .command('verify')
  .description('re-hash every archive and compare storage and database; exit 1 on any finding')
  .action(runVerify);
program
  .command('sweep')
  .description('finish deletions, drop orphans and stale partial uploads')
  .option('--dry-run', 'only say what would be removed')
  .option('--force', 'remove orphans however many there are')
  .action(runSweep);
program
  .command('backup <dir>')
  .description(
    'copy database and archives into a folder while the service runs; what is there already is not copied again',
  )
  .option('--keep <count>', 'backups that stay, this one among them', '7')
  .option('--verify', 'read and hash again what is there already')
  .option('--with-secret-key', 'put SECRET_KEY beside the data that it protects')
  .action(runBackup);
program
  .command('restore <dir>')
  .description('put a backup into an empty database and an empty storage, and verify it')
  .option('--snapshot <name>', 'another than the newest; the names are those in <dir>/snapshots')
  .action(runRestore);
program
  .command('copy-database [url]')
  .description(
    'copy the database that DATABASE_URL leads to into an empty one, of either kind, while the service is stopped; others on the machine can read arguments: where the address has a password, give it in TARGET_DATABASE_URL instead',
  )
  .action(runCopyDatabase);
program
  .command('doctor')
  .description(
    'look at the deployment from outside, through PUBLIC_URL, and from beside the service, and say what to change; exit 1 where something fails',
  )
  .option('--seconds <count>', 'how long time-outs are tried; 0 leaves them out', '75')
  .option('--json', 'one JSON document instead of lines')
  .action(runDoctor);
program.command('openapi').description('print the OpenAPI 3.1 document').action(runOpenApi);

program
  .command('audit')
  .description('the record of who did what')
  .command('verify')
  .description(
    'follow the chain of events; exit 1 where one was edited, removed, added or moved, else print its head',
  )
  .option('--head <seq:hash>', 'a head that was written down elsewhere: the chain must hold it')
  .option('--from <seq:hash>', 'begin after this event, which is known to be right')
  .action(verifyAudit);

const user = program.command('user').description('accounts of people');
user
  .command('create <username>')
  .description('make an account; the password is read from standard input')
  .option('--role <role>', 'engineer or admin', 'engineer')
  .action(createUser);
user.command('list').description('print the accounts').action(listUsers);
user
  .command('reset-second-factor <username>')
  .description('remove the second factor, so that a new one is enrolled at the next sign-in')
  .action(resetSecondFactor);
user
  .command('set-password <username>')
  .description('set a password, read from standard input; ends all sessions')
  .action(setPassword);

const jobs = program.command('jobs').description('work that waits, runs or has failed for good');
jobs
  .command('list')
  .description('print the jobs, newest first: id, kind, subject, state, attempts, due, last error')
  .option('--state <state>', 'waiting, running or dead')
  .option('--kind <kind>', 'of this kind alone')
  .action(listJobs);
jobs
  .command('retry <id>')
  .description('let a dead job run again, with all its tries')
  .action(retryJob);

// Database, archives and keys are the service's alone, whatever the folder that they lie in allows.
process.umask(0o077);
readDotEnv({ quiet: true });
const noCommand = process.argv.length === 2;
program
  .parseAsync(noCommand ? [...process.argv, 'serve'] : process.argv)
  .catch((cause: unknown) => {
    // One line a problem, no stack: the operator is told what to do. LOG_LEVEL=debug shows where it came from.
    const stack = process.env['LOG_LEVEL'] === 'debug' && cause instanceof Error && cause.stack;
    process.stderr.write(`${stack || sentenceOf(cause)}\n`);
    process.exit(1);
  });
