import type { CallerOf, Customer, Person } from './allow.js';

/** Who did something, as the audit and `createdBy` name it. */
export interface Actor {
  readonly kind: 'person' | 'integration' | 'customer' | 'stranger' | 'system';
  readonly id: string | null;
  readonly name: string;
}

export const systemActor: Actor = { kind: 'system', id: null, name: 'system' };

export const actorOf = (caller: CallerOf): Actor => {
  switch (caller.kind) {
    case 'person':
      return { kind: 'person', id: caller.userId, name: caller.username };
    case 'integration':
      return { kind: 'integration', id: caller.keyId, name: caller.name };
    case 'customer':
      return { kind: 'customer', id: caller.tokenId, name: 'customer' };
    case 'monitor':
    case 'stranger':
      return { kind: 'stranger', id: null, name: 'stranger' };
  }
};

/** @throws TypeError where the caller is no customer; the guard has seen to it on routes for customers */
export const customerOf = (caller: CallerOf): Customer => {
  if (caller.kind !== 'customer') throw new TypeError('not a customer');
  return caller;
};

/** @throws TypeError where the caller is no person; the guard has seen to it on routes for people */
export const personOf = (caller: CallerOf): Person => {
  if (caller.kind !== 'person') throw new TypeError('not a person');
  return caller;
};
