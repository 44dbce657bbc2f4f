/**
 * The chain that the audit's events form. Each has two codes, both HMAC-SHA-256 in hex with keys derived from SECRET_KEY:
 *
 * - `mac`, made when it is recorded: over all that it says. Nobody without the key adds or edits an event.
 * - `hash`, made when it is sealed: over the hash of the event before it, its number, its id and its mac. Nobody
 *   removes one or moves it.
 *
 * Sealing comes after the transaction of the deed, so that no upload waits for another one's event.
 */

/** What an event says, as the database holds it. */
export interface Said {
  readonly id: string;
  /** Epoch milliseconds; PostgreSQL gives them as text. */
  readonly at: number | string;
  readonly actorKind: string;
  readonly actorId: string | null;
  readonly actorName: string;
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  /** JSON. */
  readonly details: string;
}

/** In the order in which they are serialised: adding one makes every older mac another one. */
export const said = [
  'id',
  'at',
  'actorKind',
  'actorId',
  'actorName',
  'action',
  'subjectKind',
  'subjectId',
  'address',
  'requestId',
  'details',
] as const satisfies readonly (keyof Said)[];

/** Netstrings: each part with its length in bytes, so that nothing moves from one into the next; `-` stands for null. */
const serialised = (parts: readonly (string | number | null)[]): string =>
  parts
    .map((part) => (part === null ? '-' : `${Buffer.byteLength(String(part))}:${part}`))
    .join(',');

/** Where the chain ends: number and hash of its last event. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first event. */
export const genesis: Head = { seq: 0, hash: '0'.repeat(64) };

export const headText = ({ seq, hash }: Head): string => `${seq}:${hash}`;

/** @returns null where it is none */
export const parseHead = (text: string): Head | null => {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  return seq !== undefined && hash !== undefined ? { seq: Number(seq), hash } : null;
};

type Mac = (text: string) => string;

/** The two codes. @param macs makes a code for a purpose (Keyring.macs) */
export class ChainCodes {
  private readonly event: Mac;
  private readonly link: Mac;

  constructor(macs: (purpose: string) => Mac) {
    this.event = macs('audit-event');
    this.link = macs('audit-chain');
  }

  macOf(event: Said): string {
    return this.event(serialised(said.map((name) => event[name])));
  }

  /** @param before the hash of the event before this one */
  hashOf(
    before: string,
    seq: number,
    event: { readonly id: string; readonly mac: string },
  ): string {
    return this.link(serialised([before, seq, event.id, event.mac]));
  }
}
