import type TestAgent from 'supertest/lib/agent.js';
import { expectProblem } from '../support/http.js';
import { startedService } from '../support/service.js';
import type { TestService } from '../support/service.js';

let service: TestService;
let api: TestAgent;
let platform: string;
/** A ticket with tokens enough. */
let busy: string;

const password = 'a long and unusual pass phrase 7';

beforeAll(async () => {
  service = await startedService();
  ({ api } = await service.given.admin());
  platform = await service.given.platform();
  busy = (await service.given.ticket({ platform })).number;
});

interface List {
  readonly path: string;
  /** Adds one more. @param n a number that no other has */
  readonly add: (n: number) => PromiseLike<{ readonly status: number }>;
  /** What tells one from another. */
  readonly keyOf: (item: Readonly<Record<string, unknown>>) => unknown;
}

const lists: Readonly<Record<string, List>> = {
  platforms: {
    path: '/platforms',
    add: (n) => api.post('/platforms').send({ name: `listed-${n}`, title: 'Listed' }),
    keyOf: ({ name }) => name,
  },
  tickets: {
    path: '/tickets',
    add: (n) => api.post('/tickets').send({ platform, number: `L-${n}` }),
    keyOf: ({ number }) => number,
  },
  tokens: {
    path: '/tickets/BUSY/tokens',
    add: () => api.post(`/tickets/${busy}/tokens`).send({}),
    keyOf: ({ id }) => id,
  },
  archives: {
    path: '/archives',
    add: async (n) => {
      const token = await service.given.uploadToken({ ticket: busy });
      await service.given.archive({ name: `${n}.tgz` }, token);
      return { status: 201 };
    },
    keyOf: ({ id }) => id,
  },
  users: {
    path: '/users',
    add: (n) => api.post('/users').send({ username: `listed-${n}`, password, role: 'engineer' }),
    keyOf: ({ id }) => id,
  },
  'API keys': {
    path: '/api-keys',
    add: (n) => api.post('/api-keys').send({ name: `listed-${n}`, scopes: ['tickets:read'] }),
    keyOf: ({ id }) => id,
  },
  'audit events': {
    path: '/audit-events',
    add: () => api.patch(`/tickets/${busy}`).send({ note: 'changed' }),
    keyOf: ({ id }) => id,
  },
};

interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly nextCursor: string | null;
}

const pageOf = async ({ path }: List, query: string): Promise<Page> => {
  const answer = await api.get(`${path.replace('BUSY', busy)}?${query}`).expect(200);
  expect(Object.keys(answer.body as object).sort()).toEqual(['items', 'nextCursor']);
  return answer.body as Page;
};

let count = 0;
const more = async ({ add }: List, many: number): Promise<void> => {
  for (let time = 0; time < many; time += 1)
    expect((await add((count += 1))).status).toBeLessThan(300);
};

describe.each(Object.entries(lists))('the list of %s', (_name, list) => {
  it('comes newest first, in pages that neither lose nor repeat anything while more is added', async () => {
    await more(list, 7);
    const before = (await pageOf(list, 'limit=200')).items.map(list.keyOf);
    const walked: unknown[] = [];
    let cursor = '';
    for (;;) {
      const page = await pageOf(list, `limit=3${cursor}`);
      walked.push(...page.items.map(list.keyOf));
      if (page.nextCursor === null) break;
      expect(page.items).toHaveLength(3);
      expect(page.nextCursor).toMatch(/^[\w-]+$/);
      cursor = `&cursor=${page.nextCursor}`;
      // What is added meanwhile is newer, and belongs before the pages that are still to come.
      await more(list, 1);
    }
    expect(walked).toEqual(before);
    const after = (await pageOf(list, 'limit=200')).items.map(list.keyOf);
    expect(after.slice(-before.length)).toEqual(before);
    expect(after.length).toBeGreaterThan(before.length);
  });

  it('ends where the last page is exactly full', async () => {
    await more(list, 2);
    const { items } = await pageOf(list, 'limit=200');
    const exact = await pageOf(list, `limit=${items.length}`);
    expect(exact.items).toHaveLength(items.length);
    expect(exact.nextCursor).toBeNull();
    expect((await pageOf(list, `limit=${items.length - 1}`)).nextCursor).not.toBeNull();
  });

  it('takes a limit of 1 to 200 and no other', async () => {
    const path = list.path.replace('BUSY', busy);
    for (const limit of ['0', '201', '-1', '1.5', '1e1', 'ten', '', '%20', '9'.repeat(30)]) {
      const { errors } = expectProblem(
        await api.get(`${path}?limit=${limit}`),
        'validation-failed',
      );
      expect(errors?.map(({ field }) => field)).toContain('limit');
    }
    expect((await pageOf(list, 'limit=1')).items).toHaveLength(1);
    await pageOf(list, 'limit=200');
  });

  it('refuses a cursor that it did not give', async () => {
    const path = list.path.replace('BUSY', busy);
    const { nextCursor } = await pageOf(list, 'limit=1');
    const given = nextCursor ?? '';
    for (const cursor of ['x', 'null', '0', given.slice(1), `${given}A`, 'AAAAAAAAAAAAAAAAAAAAAA'])
      expectProblem(await api.get(`${path}?cursor=${cursor}`), 'cursor-invalid');
    expectProblem(await api.get(`${path}?cursor=${'A'.repeat(300)}`), 'validation-failed');
  });

  it('tells times in UTC with milliseconds', async () => {
    const { items } = await pageOf(list, 'limit=5');
    const times = items.flatMap((item) =>
      Object.entries(item).filter(([name, value]) => /^at$|At$/.test(name) && value !== null),
    );
    for (const [, time] of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    if (list.path !== '/platforms') expect(times.length).toBeGreaterThan(0);
  });
});

it('a list has fifty items a page where nothing is said', async () => {
  const list = lists['audit events'];
  if (!list) throw new Error('no list');
  await more(list, 51);
  expect((await pageOf(list, '')).items).toHaveLength(50);
});
