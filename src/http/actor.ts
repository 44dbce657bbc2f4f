import type { CallerOf } from './allow.js';

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
    case 'stranger':
      return { kind: 'stranger', id: null, name: 'stranger' };
  }
};
