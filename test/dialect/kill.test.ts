import { isSqlite } from '../support/database.js';
import { isLong } from '../support/how-long.js';
import { killedAgainAndAgain } from '../support/kill-story.js';

// A start on PostgreSQL looks twice whether those that held uploads are dead, and so takes longer.
const rounds = (isLong ? 4 : 1) * (isSqlite ? 3 : 2);
const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000_007);

it('loses nothing and keeps nothing too much, killed again and again while it works', async () => {
  const { stored, deleted, broken } = await killedAgainAndAgain({ seed, rounds });
  // There was something to lose in each round.
  expect(stored).toBeGreaterThan(2 * rounds);
  expect(deleted).toBeGreaterThan(rounds / 2);
  const all = Object.values(broken).reduce((sum, count) => sum + count, 0);
  expect({ seed, broken, isEnough: all > rounds }).toMatchObject({ seed, isEnough: true });
});
