import { get } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type TestAgent from 'supertest/lib/agent.js';
import { send } from './http.js';
import type { Answer } from './http.js';

export interface ServerSentEvent {
  readonly event: string;
  readonly id: string | null;
  // Tests read what they expect: a wrong guess fails the test.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
}

/** An open stream of server-sent events. */
export interface Watching {
  readonly headers: IncomingHttpHeaders;
  /** Everything received, as it came. */
  readonly text: () => string;
  readonly events: () => readonly ServerSentEvent[];
  /** The first event, also one that came before, for which the check says yes. @throws Error when it ends before */
  until(check: (event: ServerSentEvent) => boolean): Promise<ServerSentEvent>;
  /** Resolves when the service has ended it. */
  readonly ended: Promise<void>;
  leave(): void;
}

/** The cookie of a signed-in person's browser. */
export const cookieOf = (api: TestAgent): string => {
  const cookie = api.jar.getCookie('lc_session', {
    domain: '127.0.0.1',
    path: '/',
    secure: true,
    script: false,
  });
  return `lc_session=${cookie?.value ?? ''}`;
};

const path = '/api/v1/overview/events';

/** What the service answers where it opens no stream. */
export const refusedWatching = (url: string, headers: Record<string, string>): Promise<Answer> =>
  send(url + path, { method: 'GET', headers });

const eventOf = (block: string): ServerSentEvent | null => {
  const fields = new Map(
    block
      .split('\n')
      .map((line) => line.split(/: ?(.*)/s))
      .map(([name = '', value = '']) => [name, value]),
  );
  const data = fields.get('data');
  return data === undefined
    ? null
    : {
        event: fields.get('event') ?? 'message',
        id: fields.get('id') ?? null,
        data: JSON.parse(data) as unknown,
      };
};

/** Watches the status board as a browser's EventSource does. */
export const watching = async (url: string, api: TestAgent): Promise<Watching> => {
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url + path, { agent: false, headers: { Cookie: cookieOf(api) } }, resolve).once(
      'error',
      reject,
    );
  });
  expect(res.statusCode).toBe(200);
  let text = '';
  let isOver = false;
  const looks = new Set<() => void>();
  const changed = () => [...looks].forEach((look) => look());
  res.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    changed();
  });
  const ended = new Promise<void>((resolve) => {
    const over = () => {
      isOver = true;
      changed();
      resolve();
    };
    res.once('close', over);
    res.on('error', over);
  });
  const events = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .map(eventOf)
      .filter((event) => event !== null);
  return {
    headers: res.headers,
    text: () => text,
    events,
    ended,
    until: (check) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events().find(check);
          if (found) resolve(found);
          else if (isOver) reject(new Error(`it ended after:\n${text}`));
          else return;
          looks.delete(look);
        };
        looks.add(look);
        look();
      }),
    leave: () => void res.destroy(),
  };
};
