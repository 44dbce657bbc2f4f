import { isSqlite } from '../test/support/database.js';
import { killedFirstStarts, oneOfTwoFirstStartsKilled } from '../test/support/kill-starts.js';
import { killedAgainAndAgain } from '../test/support/kill-story.js';

/**
 * The long version of test/dialect/kill.test.ts and test/long/kill-start.test.ts: `npm run bench:kill`. KILLS (200)
 * rounds of work, each ended by at least one SIGKILL, on both databases; then KILLS / 10 empty databases whose first
 * starts are killed. SEED gives the same choices again, though not the same moments: those are the machine's, too.
 */
const rounds = Number(process.env['KILLS'] || 200);
const seed = Number(process.env['SEED'] || Date.now() % 1_000_000_007);
const name = isSqlite ? 'SQLite' : 'PostgreSQL';
const hourMs = 60 * 60 * 1000;

const say = (...lines: string[]): void => void process.stdout.write(`\n${lines.join('\n')}\n`);

it(
  `${name} survives ${rounds} kills at work`,
  async () => {
    const report = await killedAgainAndAgain({ seed, rounds, endsWithReplica: true });
    const { kills, stored, deleted, ended, broken, slowestStartMs, seconds } = report;
    const all = Object.entries(broken).map(([kind, count]) => `${kind} ${count}`);
    say(
      '| database | kills | told 201 | deleted | resumable ones given up | requests broken | slowest start | seconds | seed |',
      `| ${name} | ${kills} | ${stored} | ${deleted} | ${ended} | ${all.join(', ')} | ${(slowestStartMs / 1000).toFixed(1)} s | ${seconds} | ${seed} |`,
    );
    // Each kind of request was met by a kill.
    for (const kind of ['form', 'put', 'post', 'tus', 'delete', 'ticket'])
      expect(broken).toHaveProperty(kind);
  },
  hourMs,
);

it(
  `${name} survives kills at its first start`,
  async () => {
    const databases = Math.ceil(rounds / 10);
    const cut = await killedFirstStarts(seed, databases);
    for (let at = 0; at < databases; at += 1) await oneOfTwoFirstStartsKilled(seed + at);
    say(
      `${name}: ${databases} first starts, killed ${cut} times before their migrations were over`,
    );
    expect(cut).toBeGreaterThan(0);
  },
  hourMs,
);
