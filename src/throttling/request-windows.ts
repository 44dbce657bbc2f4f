import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Keyring } from '../secrets/secrets.js';
import { TryWindows } from './try-windows.js';

/** Addresses whose names are kept: the name of one that comes often is not made for each request. */
const mostNames = 1_000;

const remembered = (nameOf: (text: string) => string): ((text: string) => string) => {
  const names = new Map<string, string>();
  return (text) => {
    let name = names.get(text);
    if (name === undefined) {
      if (names.size >= mostNames) names.clear();
      names.set(text, (name = nameOf(text)));
    }
    return name;
  };
};

/**
 * Counts the requests of each address to the API, a minute long. In memory, so that no request costs a write;
 * auth/sources tells replicas of each other's each second.
 */
@Injectable()
export class RequestWindows implements ThrottlerStorage {
  readonly windows = new TryWindows();
  private readonly nameOf: (text: string) => string;

  constructor(keyring: Keyring) {
    this.nameOf = remembered(keyring.macs('source'));
  }

  /** The window is TryWindows' own. A request beyond the limit does not count: whoever waits is heard again. */
  increment(
    key: string,
    _ttl: number,
    limit: number,
  ): Promise<{
    totalHits: number;
    timeToExpire: number;
    isBlocked: boolean;
    timeToBlockExpire: number;
  }> {
    const [subject, now] = [this.nameOf(key), new Date()];
    const waitMs = this.windows.waitMs(subject, limit, now);
    if (waitMs === 0) this.windows.count(subject, now);
    return Promise.resolve({
      // For headers, which are off.
      ...{ totalHits: 0, timeToExpire: 0 },
      isBlocked: waitMs > 0,
      timeToBlockExpire: Math.ceil(waitMs / 1000),
    });
  }
}
