import { Lines } from '../../test/support/lines.js';
import { newSecret } from '../secrets/secrets.js';
import { JsonLogger, createLog } from './log.js';

const logging = (level = 'info') => {
  const lines = new Lines();
  const log = createLog(level, lines);
  return { lines, log, nest: new JsonLogger(log) };
};

describe('the log', () => {
  it('is one JSON line an event, with its level and time', () => {
    const { lines, log } = logging();
    log.info({ event: 'archive.stored', bytes: 3 });
    expect(lines.events()).toEqual([
      { level: 'info', time: expect.any(String) as string, event: 'archive.stored', bytes: 3 },
    ]);
    expect(Date.parse(String(lines.events()[0]?.['time']))).not.toBeNaN();
  });

  it.each(['lct_', 'lck_', 'lcd_'] as const)('shows no secret that begins with %s', (prefix) => {
    const { lines, log } = logging();
    const secret = newSecret(prefix);
    log.info({
      event: 'x',
      url: `/upload#${secret}`,
      [secret]: 1,
      err: new Error(`no ${secret}`),
    });
    expect(lines.text).not.toContain(secret);
    expect(lines.events('x')).toHaveLength(1);
  });

  it('keeps one line an event whatever a customer put into it', () => {
    const { lines, log } = logging();
    log.info({ event: 'x', filename: 'a\n{"event":"forged"}\r\n\u2028.tgz' });
    expect(lines.events()).toHaveLength(1);
  });

  it("takes Nest's messages: events, texts and errors with their stacks", () => {
    const { lines, nest } = logging();
    nest.log({ event: 'y', count: 1 }, 'Jobs');
    nest.error(new Error('broken'), 'Jobs');
    nest.warn('careful', 'Jobs');
    nest.log('Nest application successfully started', 'NestApplication');
    expect(lines.events()).toMatchObject([
      { level: 'info', event: 'y', count: 1, context: 'Jobs' },
      {
        level: 'error',
        message: 'broken',
        err: { stack: expect.stringContaining('broken') as string },
      },
      { level: 'warn', message: 'careful', context: 'Jobs' },
    ]);
  });
});
