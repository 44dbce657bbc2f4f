import { sha256Of } from './bytes.js';
import type { IssuedToken } from './given.js';
import type { Answer } from './http.js';

export interface StoredFile {
  readonly sha256: string;
  readonly tokenId: string;
  readonly ticket: string;
}

/** What the customers and the engineer were told, and so may rely on. */
export class Ledger {
  /** Archives that somebody was told of as stored. */
  readonly stored = new Map<string, StoredFile>();
  /** Archives and tickets whose deletion was asked for; a kill may have come before or after it. */
  readonly asked = new Set<string>();
  /** Archives and tickets whose deletion was answered. */
  readonly deleted = new Set<string>();
  /** Resumable uploads that were ended by their customer. */
  readonly ended = new Set<string>();
  /** Each with the attempts that it was given. */
  readonly tokens: { readonly token: IssuedToken; readonly attempts: number }[] = [];
  /** Answers that nobody should get. */
  readonly wrong: string[] = [];
  /** Requests that a kill broke, by what they were. */
  readonly broken = new Map<string, number>();

  broke(kind: string): void {
    this.broken.set(kind, (this.broken.get(kind) ?? 0) + 1);
  }

  /** @param id as the answer names it */
  store(id: unknown, bytes: Buffer, { id: tokenId, ticket }: IssuedToken): void {
    const before = this.stored.get(String(id));
    const file = { sha256: sha256Of(bytes), tokenId, ticket };
    if (before && before.sha256 !== file.sha256)
      this.wrong.push(`one id, two files: ${String(id)}`);
    this.stored.set(String(id), file);
  }

  complain(kind: string, { status, text, headers }: Answer): void {
    this.wrong.push(`${kind}: ${status} ${text} ${JSON.stringify(headers)}`);
  }

  /** Whether somebody asked for the deletion of it, or of its ticket. */
  isAsked(id: string): boolean {
    return this.asked.has(id) || this.asked.has(this.stored.get(id)?.ticket ?? '');
  }
}
