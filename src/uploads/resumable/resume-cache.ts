import { Injectable } from '@nestjs/common';
import type { Digest } from '../../secrets/digest.js';

/** SHA-256 of exactly the first `size` bytes of an unfinished upload. */
export interface DigestSoFar {
  readonly digest: Digest;
  readonly size: number;
}

/** States of the hash are small, and yet not to be gathered without end. */
const mostEntries = 1_000;

/** The hash of an unfinished upload from one request to the next. Losing it costs time, never bytes. */
@Injectable()
export class ResumeCache {
  private readonly entries = new Map<string, DigestSoFar>();

  /** Hands it to the one request that holds the upload. */
  take(id: string): DigestSoFar | null {
    const entry = this.entries.get(id) ?? null;
    this.entries.delete(id);
    return entry;
  }

  put(id: string, soFar: DigestSoFar): void {
    this.drop(id);
    this.entries.set(id, soFar);
    const [oldest] = this.entries.keys();
    if (this.entries.size > mostEntries && oldest !== undefined) this.drop(oldest);
  }

  drop(id: string): void {
    this.entries.delete(id);
  }
}
