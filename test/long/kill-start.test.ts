import { freshPlace, isSqlite } from '../support/database.js';
import { command } from '../support/command.js';
import { killedFirstStarts, oneOfTwoFirstStartsKilled } from '../support/kill-starts.js';
import { program, readyMs } from '../support/program.js';

const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_007);

describe('a first start on an empty database', () => {
  it('that is killed again and again comes to its end the next time', async () => {
    const cut = await killedFirstStarts(seed, 1);
    // Some of the kills came before the schema was complete.
    expect({ seed, isEnough: cut > 0 }).toEqual({ seed, isEnough: true });
  });

  it('beside another one that is killed comes to its end', () => oneOfTwoFirstStartsKilled(seed));

  it('beside another one, and beside a command that migrates too, makes one schema', async () => {
    const place = await freshPlace();
    const [one, two, migrated] = await Promise.all([
      program(['serve'], {}, place),
      program(['serve'], {}, place),
      command(['migrate'], { place }),
    ]);
    expect(migrated).toMatchObject({ code: 0, stderr: '' });
    const ready = [one, two].map(({ log, ended }) =>
      Promise.race([log.event('service.ready', readyMs), ended]),
    );
    const serving = (await Promise.all(ready)).filter((one) => 'event' in one);
    expect(serving).toHaveLength(isSqlite ? 1 : 2);
    const made = [one, two].flatMap(({ log }) => log.events('setup.admin-created'));
    expect(made).toHaveLength(1);
  });
});
