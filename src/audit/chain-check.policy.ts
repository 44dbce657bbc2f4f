import { genesis } from './chain.policy.js';
import type { ChainCodes, Head, Said } from './chain.policy.js';

/** What is wrong with the audit. */
export type Finding =
  /** What it says, or its mac, is not what the program wrote. */
  | { readonly kind: 'changed'; readonly seq: number | null; readonly id: string }
  /** It does not follow the event before it: one of the two was moved, or had its hash changed. */
  | { readonly kind: 'broken'; readonly seq: number; readonly id: string }
  /** It has no place in the chain. */
  | { readonly kind: 'inserted'; readonly seq: number; readonly id: string }
  /** Events of these numbers are not there. */
  | { readonly kind: 'missing'; readonly from: number; readonly to: number }
  /** The same, at the end of the chain: it does not reach its head. */
  | { readonly kind: 'truncated'; readonly from: number; readonly to: number }
  /** They come after the stored head, which never is so: it was set back. */
  | { readonly kind: 'beyond-head'; readonly from: number; readonly to: number }
  /** The event of a head's number is not the one that the head names. */
  | { readonly kind: 'not-the-head'; readonly seq: number };

export interface Sealed extends Said {
  readonly mac: string;
  readonly seq: number | string;
  readonly hash: string | null;
}

/** Goes along the chain, event by event, and remembers only the last. */
export class ChainCheck {
  private last: Head;
  /** What the next event may follow: nothing where the last is not known. */
  private before: readonly string[];

  /**
   * @param from an event that is known to be right; what comes after it is checked
   * @param given a head that was written down elsewhere
   */
  constructor(
    private readonly codes: ChainCodes,
    private readonly from: Head = genesis,
    private readonly given: Head = genesis,
  ) {
    this.last = from.seq === 0 ? genesis : { seq: from.seq - 1, hash: '' };
    this.before = from.seq === 0 ? [genesis.hash] : [];
  }

  /** Number and hash of the last event that came. */
  get head(): Head {
    return this.last;
  }

  /** Events in the order of their numbers. */
  add(event: Sealed): readonly Finding[] {
    const { id, mac } = event;
    const seq = Number(event.seq);
    if (!Number.isSafeInteger(seq) || seq <= this.last.seq) return [{ kind: 'inserted', seq, id }];
    const findings: Finding[] = [];
    if (seq > this.last.seq + 1) {
      findings.push({ kind: 'missing', from: this.last.seq + 1, to: seq - 1 });
      this.before = [];
    }
    const hash = event.hash ?? '';
    const links = this.before.map((before) => this.codes.hashOf(before, seq, event));
    const isKnown = seq === this.from.seq;
    if (!isKnown && mac !== this.codes.macOf(event)) findings.push({ kind: 'changed', seq, id });
    else if (links.length > 0 && !links.includes(hash)) findings.push({ kind: 'broken', seq, id });
    for (const { seq: at, hash: named } of [this.from, this.given])
      if (seq === at && hash !== named) findings.push({ kind: 'not-the-head', seq });
    this.last = { seq, hash };
    // Of a hash that was changed the next event still shows the right one: it is not to blame.
    this.before = [...new Set([hash, ...links.slice(0, 1)])];
    return findings;
  }

  /** An event that is not sealed yet has its mac already. */
  addUnsealed(event: Omit<Sealed, 'seq' | 'hash'>): readonly Finding[] {
    return event.mac === this.codes.macOf(event)
      ? []
      : [{ kind: 'changed', seq: null, id: event.id }];
  }

  /** @param stored the head as the database keeps it */
  end(stored: Head): readonly Finding[] {
    const { seq, hash } = this.last;
    const findings: Finding[] = [];
    const furthest = Math.max(stored.seq, this.given.seq, this.from.seq);
    if (furthest > seq) findings.push({ kind: 'truncated', from: seq + 1, to: furthest });
    if (stored.seq < seq) findings.push({ kind: 'beyond-head', from: stored.seq + 1, to: seq });
    if (stored.seq === seq && stored.hash !== hash) findings.push({ kind: 'not-the-head', seq });
    return findings;
  }
}
