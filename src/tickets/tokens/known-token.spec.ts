import type { Request, Response } from 'express';
import { requestContext } from '../../http/request-context.js';
import { ProvedTokens } from './known-token.js';
import type { KnownToken } from './known-token.js';

const inRequest = (work: () => void): void => {
  const req = { get: () => undefined, ip: '192.0.2.1', socket: {} } as unknown as Request;
  requestContext(req, { setHeader: () => undefined } as unknown as Response, work);
};

const token = { id: 'a' } as KnownToken;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('gives what was proved to the request that proved it, once', () => {
  const proved = new ProvedTokens();
  inRequest(() => {
    proved.keep(token);
    inRequest(() => expect(proved.take('a')).toBeNull());
    expect(proved.take('a')).toBe(token);
    expect(proved.take('a')).toBeNull();
  });
  proved.keep(token);
  expect(proved.take('a')).toBeNull();
});

it('gives nothing for another token, and nothing after a second', () => {
  const proved = new ProvedTokens();
  inRequest(() => {
    proved.keep(token);
    expect(proved.take('b')).toBeNull();
    proved.keep(token);
    jest.advanceTimersByTime(1_000);
    expect(proved.take('a')).toBeNull();
  });
});
