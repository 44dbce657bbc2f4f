import { answered, api } from '../../api/client.js';
import { Failure } from '../../api/problem.js';
import { sentenceOf } from '../../api/sentences.js';
import { percent } from '../../lib/format/format.js';
import { failureFrom } from '../../lib/state/loaded.svelte.js';
import { m } from '../../paraglide/messages.js';
import { checkedBy } from './checksum.js';
import { Pace } from './pace.js';
import type { Sender } from './sender.js';
import { proof } from './token.js';
import { forget, instanceOf, unfinished } from './unfinished.js';
import type { Unfinished } from './unfinished.js';

export type TransferState =
  | { readonly kind: 'preparing' | 'waiting' | 'sending' | 'paused' }
  /** The line broke; it goes on by itself. */
  | { readonly kind: 'lost'; readonly failure: Failure }
  /** `mayRetry`: whether the same could go better another time. */
  | { readonly kind: 'failed'; readonly sentence: () => string; readonly mayRetry: boolean }
  | { readonly kind: 'sent'; readonly archiveId: string | null }
  | { readonly kind: 'checked'; readonly outcome: 'pending' | 'matched' };

/** One chosen file on its way. */
export class Transfer {
  state = $state.raw<TransferState>({ kind: 'preparing' });
  sent = $state(0);
  /** Bytes a second; null while it cannot be said. */
  rate = $state<number | null>(null);
  /** Uppy's; null before it has the file, and for a checksum. */
  id: string | null = null;
  readonly pace = new Pace();
  /** Quarters that were told of. */
  quarters = 0;

  constructor(
    readonly key: number,
    readonly file: File,
    /** Name of the file that it is the checksum of; null for a file that becomes an archive. */
    readonly checks: string | null,
  ) {}

  get isUnderWay(): boolean {
    return ['preparing', 'waiting', 'sending', 'paused', 'lost'].includes(this.state.kind);
  }
}

/** Told to somebody who need not do anything, but for what only they can change. */
export const lostSentence = (failure: Failure): string =>
  failure.code === 'offline' || failure.code === 'upload-busy'
    ? sentenceOf(failure)
    : m.upload_lost();

/** Not worth another try: the same file is refused again. */
const lasting: ReadonlySet<string> = new Set(['upload-too-large', 'file-empty', 'token-unknown']);

const isSame = (one: File, other: File): boolean =>
  one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;

/** A quarter of a file smaller than this is not worth a word. */
const tellFromBytes = 50_000_000;

/** The chosen files and what becomes of them. */
export class Transfers {
  #all = $state.raw<readonly Transfer[]>([]);
  #left = $state.raw<readonly Unfinished[]>([]);
  #said = $state('');
  #count = 0;
  #sender: Promise<Sender> | null = null;

  constructor(
    private readonly token: string,
    private readonly ticket: string,
    private readonly maxBytes: () => number,
    /** What the service knows of the token has changed. */
    private readonly changed: () => void,
  ) {
    this.#left = unfinished(instanceOf(ticket));
  }

  get all(): readonly Transfer[] {
    return this.#all;
  }
  get isUnderWay(): boolean {
    return this.#all.some((transfer) => transfer.isUnderWay);
  }
  /** Begun in this browser before the page was loaded, and not chosen again yet. */
  get interrupted(): readonly Unfinished[] {
    return this.#left;
  }
  /** For screen readers: what happened last, and no more often than it matters. */
  get said(): string {
    return this.#said;
  }

  add(files: readonly File[]): void {
    const chosen = files.filter(
      (file) => !this.#all.some((one) => one.isUnderWay && isSame(one.file, file)),
    );
    if (chosen.length === 0) return;
    for (const old of this.#all)
      if (old.state.kind === 'failed' && chosen.some((file) => isSame(old.file, file)))
        this.remove(old);
    const added = chosen.map(
      (file) => new Transfer((this.#count += 1), file, checkedBy(file.name)),
    );
    this.#all = [...this.#all, ...added];
    this.#said = m.upload_said_sending({ count: added.length });
    for (const transfer of added) void this.#begin(transfer);
  }

  /** What was dropped and is no file. */
  refuseFolder(name: string): void {
    const transfer = new Transfer((this.#count += 1), new File([], name), null);
    this.#all = [...this.#all, transfer];
    this.#fail(transfer, m.upload_folder, false);
  }

  async pause(transfer: Transfer): Promise<void> {
    const { id } = transfer;
    if (id === null) return;
    (await this.#sending()).pause(id);
    transfer.state = { kind: 'paused' };
    transfer.pace.forget();
    this.#said = m.upload_said_paused({ filename: transfer.file.name });
  }

  async resume(transfer: Transfer): Promise<void> {
    const { id } = transfer;
    if (id === null) return;
    transfer.state = { kind: 'waiting' };
    (await this.#sending()).resume(id);
  }

  async retry(transfer: Transfer): Promise<void> {
    const { id } = transfer;
    transfer.state = { kind: 'waiting' };
    transfer.pace.forget();
    if (id === null) await this.#begin(transfer);
    else (await this.#sending()).retry(id);
  }

  /** Takes it off the list; what is under way is ended, and its attempt given back. */
  remove(transfer: Transfer): void {
    const { id, isUnderWay } = transfer;
    this.#all = this.#all.filter((one) => one !== transfer);
    if (isUnderWay) this.#said = m.upload_said_cancelled({ filename: transfer.file.name });
    if (id === null) return;
    void this.#sending().then((sender) => sender.cancel(id));
    // Uppy ends what is under way; of what failed it keeps nothing that it could end.
    if (transfer.state.kind === 'failed') for (const left of unfinished(id)) void this.#end(left);
  }

  async discard(left: Unfinished): Promise<void> {
    await this.#end(left);
    this.#left = this.#left.filter((one) => one !== left);
    this.#said = m.upload_said_cancelled({ filename: left.filename });
  }

  async #end(left: Unfinished): Promise<void> {
    const path = { id: left.id };
    const header = { 'Tus-Resumable': '1.0.0' };
    try {
      await answered(
        api.DELETE('/api/v1/uploads/{id}', { params: { path, header }, ...proof(this.token) }),
      );
    } catch (cause) {
      // It is over already, or somebody else's. Otherwise the service drops it by itself, a day later.
      failureFrom(cause);
    }
    forget(left);
    this.changed();
  }

  async #begin(transfer: Transfer): Promise<void> {
    const { file } = transfer;
    const refused =
      file.size === 0 ? 'file-empty' : file.size > this.maxBytes() ? 'upload-too-large' : null;
    if (refused) return this.#refuse(transfer, new Failure(refused, ''));
    if (transfer.checks !== null) return this.#sendChecksum(transfer);
    // A file that went meanwhile fails here, with words, and not in the middle.
    if (
      !(await file
        .slice(0, 1)
        .arrayBuffer()
        .catch(() => null))
    )
      return this.#fail(transfer, m.upload_unreadable, false);
    let sender: Sender;
    try {
      sender = await this.#sending();
    } catch {
      // The page's own script did not come.
      this.#sender = null;
      return this.#refuse(transfer, new Failure('offline', ''));
    }
    await sender.free(file);
    if (!this.#all.includes(transfer)) return;
    transfer.state = { kind: 'waiting' };
    transfer.id = sender.add(file);
    this.#left = this.#left.filter(({ filename }) => filename !== file.name);
    // Sent already, by this page: the receipt has it.
    if (transfer.id === null) this.remove(transfer);
  }

  async #sendChecksum(transfer: Transfer): Promise<void> {
    transfer.state = { kind: 'sending' };
    const { file, checks } = transfer;
    try {
      const receipt = await answered(
        api.PUT('/api/v1/archives/{filename}', {
          params: { path: { filename: file.name } },
          ...proof(this.token),
          headers: { ...proof(this.token).headers, 'Content-Type': 'application/octet-stream' },
          // The schema says string for any bytes.
          body: file as unknown as string,
          bodySerializer: (body) => body,
        }),
      );
      const isCompared =
        ('state' in receipt && receipt.state === 'matched') ||
        this.#all.some((one) => one.state.kind === 'sent' && one.file.name === checks);
      transfer.state = { kind: 'checked', outcome: isCompared ? 'matched' : 'pending' };
      transfer.sent = file.size;
    } catch (cause) {
      const failure = failureFrom(cause);
      if (failure.code === 'digest-mismatch')
        this.#fail(transfer, m.upload_checksum_differs, false);
      else if (failure.code === 'validation-failed')
        this.#fail(transfer, m.upload_checksum_unreadable, false);
      else this.#refuse(transfer, failure);
      this.changed();
    }
  }

  #sending(): Promise<Sender> {
    return (this.#sender ??= import('./sender.js').then(({ startSender }) =>
      startSender(this.token, this.ticket, {
        progressed: (id, sent) => this.#of(id, (transfer) => this.#progress(transfer, sent)),
        lost: (id, failure) => this.#of(id, (transfer) => this.#lose(transfer, failure)),
        sent: (id, archiveId) => this.#of(id, (transfer) => this.#finish(transfer, archiveId)),
        failed: (id, failure) => this.#of(id, (transfer) => this.#refuse(transfer, failure)),
        ended: this.changed,
      }),
    ));
  }

  #of(id: string, act: (transfer: Transfer) => void): void {
    const transfer = this.#all.find((one) => one.id === id);
    if (transfer) act(transfer);
  }

  #progress(transfer: Transfer, sent: number): void {
    // One that comes late does not take back what was said since.
    if (!['waiting', 'sending', 'lost'].includes(transfer.state.kind)) return;
    const { size, name } = transfer.file;
    if (transfer.state.kind !== 'sending') transfer.state = { kind: 'sending' };
    transfer.sent = sent;
    transfer.pace.add(sent, Date.now());
    transfer.rate = transfer.pace.rate;
    const quarters = Math.floor((4 * sent) / size);
    if (quarters <= transfer.quarters || quarters === 4 || size < tellFromBytes) return;
    transfer.quarters = quarters;
    this.#said = m.upload_said_part({ filename: name, percent: percent(25 * quarters) });
  }

  #lose(transfer: Transfer, failure: Failure): void {
    if (!['waiting', 'sending', 'lost'].includes(transfer.state.kind)) return;
    // The service knows better how far it has come, and is asked: nothing that anybody has to hear of.
    if (failure.code === 'upload-offset-mismatch') {
      transfer.state = { kind: 'waiting' };
      return;
    }
    const wasKnown = transfer.state.kind === 'lost';
    transfer.state = { kind: 'lost', failure };
    transfer.pace.forget();
    transfer.rate = null;
    if (!wasKnown) this.#sayFailure(transfer, lostSentence(failure));
  }

  #finish(transfer: Transfer, archiveId: string | null): void {
    const { name, size } = transfer.file;
    transfer.sent = size;
    transfer.state = { kind: 'sent', archiveId };
    for (const one of this.#all)
      if (one.checks === name && one.state.kind === 'checked')
        one.state = { kind: 'checked', outcome: 'matched' };
    this.#said = m.upload_said_sent({ filename: name });
    this.changed();
  }

  #refuse(transfer: Transfer, failure: Failure): void {
    this.#fail(transfer, () => sentenceOf(failure), !lasting.has(failure.code));
    this.changed();
  }

  #fail(transfer: Transfer, sentence: () => string, mayRetry: boolean): void {
    transfer.state = { kind: 'failed', sentence, mayRetry };
    this.#sayFailure(transfer, sentence());
  }

  #sayFailure({ file: { name } }: Transfer, sentence: string): void {
    this.#said = `${name}: ${sentence}`;
  }
}
