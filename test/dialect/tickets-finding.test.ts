import type TestAgent from 'supertest/lib/agent.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;
let api: TestAgent;
/** Of the one platform that the running story is about. */
let platform: string;

beforeAll(async () => {
  service = await startedService();
  ({ api } = await service.given.engineer('ann'));
});

beforeEach(async () => {
  platform = await service.given.platform();
});

interface Found {
  readonly number: string;
  readonly createdAt: string;
  readonly matchedFilename: string | null;
}

const find = async (query: object): Promise<readonly Found[]> => {
  const answer = await api
    .get('/tickets')
    .query({ platform, ...query })
    .expect(200);
  return (answer.body as { items: Found[] }).items;
};
const numbers = async (query: object): Promise<string[]> =>
  (await find(query)).map(({ number }) => number);

const send = (ticket: string, ...names: readonly string[]): Promise<string[]> =>
  Promise.all(
    names.map(async (name) => {
      const token = await service.given.uploadToken({ ticket });
      const { id } = await service.given.archive({ name, way: 'put', bytes: name }, token);
      return String(id);
    }),
  );

describe('a ticket is found by the filename of an archive', () => {
  it('by a part of it, in any case and script, and is told by which', async () => {
    await service.given.ticket({ platform, ticket: 'name-1', note: 'Nightly job hangs' });
    await service.given.ticket({ platform, ticket: 'name-2', note: 'sends diagnostics tomorrow' });
    await send('name-1', 'Diagnostics-2026.TGZ');
    await send('name-1', 'Журналы сервера.7z', '100%_of a!b.zip');
    await send('name-2', 'other.zip');
    for (const [q, found] of [
      ['diagnostics-2026', { 'name-1': 'Diagnostics-2026.TGZ' }],
      ['ЖУРНАЛЫ', { 'name-1': 'Журналы сервера.7z' }],
      ['%_of A!', { 'name-1': '100%_of a!b.zip' }],
      // Where the note says it, no filename has to.
      ['diagnostics', { 'name-2': null, 'name-1': 'Diagnostics-2026.TGZ' }],
      ['name-', { 'name-2': null, 'name-1': null }],
      ['', { 'name-2': null, 'name-1': null }],
      ['2026.zip', {}],
    ] as const) {
      const rows = (await find({ q })).map((row) => [row.number, row.matchedFilename]);
      expect({ q, rows }).toEqual({ q, rows: Object.entries(found) });
    }
  });

  it('together with the other filters, page by page', async () => {
    for (const ticket of ['paged-1', 'paged-2', 'paged-3']) {
      await service.given.ticket({ platform, ticket });
      await send(ticket, `${ticket}.dump`);
    }
    await api.patch('/tickets/paged-2').send({ resolved: true }).expect(200);
    expect(await numbers({ q: '.DUMP', state: 'open' })).toEqual(['paged-3', 'paged-1']);
    const first = await api.get('/tickets').query({ platform, q: '.dump', limit: 2 }).expect(200);
    const { nextCursor: cursor } = first.body as { nextCursor: string };
    expect(await numbers({ q: '.dump', limit: 2, cursor })).toEqual(['paged-1']);
  });

  it('until the last archive of that name is deleted', async () => {
    await service.given.ticket({ platform, ticket: 'gone-1', note: 'kept' });
    const [first = '', other = ''] = await send('gone-1', 'same.zip', 'my-same.zip');
    const [second = ''] = await send('gone-1', 'same.zip');
    const found = async () => (await find({ q: 'SAME.zip' })).map((row) => row.matchedFilename);
    expect(await found()).toEqual(['same.zip']);
    await api.delete(`/archives/${second}`).expect(204);
    expect(await found()).toHaveLength(1);
    await api.delete(`/archives/${first}`).expect(204);
    expect(await found()).toEqual(['my-same.zip']);
    await api.delete(`/archives/${other}`).expect(204);
    expect(await found()).toEqual([]);
    expect(await numbers({ q: 'kept' })).toEqual(['gone-1']);
  });

  it('whatever came and went at once', async () => {
    await service.given.ticket({ platform, ticket: 'busy-1' });
    const names = Array.from({ length: 8 }, (_, index) => `busy-${index}.log`);
    const ids = await send('busy-1', ...names);
    const kept = names.filter((_, index) => index % 2 === 1);
    await Promise.all([
      ...ids.filter((_, index) => index % 2 === 0).map((id) => api.delete(`/archives/${id}`)),
      send('busy-1', 'late.log'),
      api.patch('/tickets/busy-1').send({ note: 'changed meanwhile' }).expect(200),
    ]);
    for (const name of [...names, 'late.log'])
      expect({ name, found: (await find({ q: name })).length }).toEqual({
        name,
        found: kept.includes(name) || name === 'late.log' ? 1 : 0,
      });
  });

  it('and no more when its number is given to another', async () => {
    await service.given.ticket({ platform, ticket: 'again-1' });
    await send('again-1', 'before.zip');
    await api.delete('/tickets/again-1').expect(204);
    await service.given.ticket({ platform, ticket: 'again-1' });
    expect(await numbers({ q: 'before.zip' })).toEqual([]);
  });
});

describe('tickets are filtered', () => {
  it('by whether there are archives', async () => {
    await service.given.ticket({ platform, ticket: 'waits' });
    await service.given.ticket({ platform, ticket: 'has' });
    const [id = ''] = await send('has', 'logs.tgz');
    expect(await numbers({ archives: 'none' })).toEqual(['waits']);
    expect(await numbers({ archives: 'some' })).toEqual(['has']);
    await api.delete(`/archives/${id}`).expect(204);
    expect(await numbers({ archives: 'none' })).toEqual(['has', 'waits']);
    expectProblem(await api.get('/tickets?archives=two'), 'validation-failed');
  });

  it('by age, to the millisecond', async () => {
    for (let index = 0; index < 5; index += 1)
      await service.given.ticket({ platform, ticket: `aged-${index}` });
    const all = await find({});
    expect(all).toHaveLength(5);
    const expected = (fits: (time: number) => boolean) =>
      all.filter(({ createdAt }) => fits(Date.parse(createdAt))).map(({ number }) => number);
    for (const { createdAt } of all) {
      const at = Date.parse(createdAt);
      expect(await numbers({ createdAfter: createdAt })).toEqual(expected((time) => time >= at));
      expect(await numbers({ createdBefore: createdAt })).toEqual(expected((time) => time < at));
      const createdBefore = new Date(at + 1).toISOString();
      expect(await numbers({ createdAfter: createdAt, createdBefore })).toEqual(
        expected((time) => time === at),
      );
    }
    const at = all[2]?.createdAt ?? '';
    const elsewhere = `${new Date(Date.parse(at) + 3_600_000).toISOString().slice(0, -1)}+01:00`;
    expect(await numbers({ createdAfter: elsewhere })).toEqual(await numbers({ createdAfter: at }));
    expect(await numbers({ createdAfter: '1000-01-01T00:00Z', createdBefore: at })).toEqual(
      await numbers({ createdBefore: at }),
    );
    expect(await numbers({ createdAfter: '9999-12-31T23:59:59Z' })).toEqual([]);
  });

  it.each([
    'yesterday',
    '2026-11-21',
    '2026-11-21T10:00:00',
    '2026-02-30T00:00:00Z',
    '2026-W30-1T00:00:00Z',
    '2026-11-21T10:00:00,5Z',
    '1795000000000',
    '',
  ])('by no such moment as %p', async (moment) => {
    for (const field of ['createdAfter', 'createdBefore']) {
      const { errors } = expectProblem(
        await api.get('/tickets').query({ [field]: moment }),
        'validation-failed',
      );
      expect(errors).toEqual([
        {
          field,
          message: `${field} must be a date, a time and a zone, such as 2027-01-31T00:00:00Z`,
        },
      ]);
    }
  });

  it('by no range that ends before it begins', async () => {
    const [day, hour] = ['2026-11-21T00:00:00Z', '2026-11-21T01:00:00+01:00'];
    for (const [createdAfter, createdBefore] of [
      [day, hour],
      ['2026-11-22T00:00:00Z', day],
    ]) {
      const answer = await api.get('/tickets').query({ createdAfter, createdBefore });
      expect(expectProblem(answer, 'validation-failed').errors).toEqual([
        { field: 'createdAfter', message: 'createdAfter must be before createdBefore' },
      ]);
    }
  });
});
