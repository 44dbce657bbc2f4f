import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

/** The system lost what was committed, and does not say so again: nothing that this process knows can be trusted. */
export class WalNotSynced extends Error {
  /** As SQLite's own sync would say it. */
  readonly code = 'SQLITE_IOERR_FSYNC';
  constructor(cause: unknown) {
    super('the log of the database could not be synced; start the service anew', { cause });
    this.name = 'WalNotSynced';
  }
}

/**
 * Makes SQLite's commits durable. With `synchronous = FULL` SQLite syncs its log within the COMMIT, and with it this
 * whole process stands still, once for each transaction. So the log is written by SQLite (`NORMAL`, which keeps the
 * database whole in any case) and synced here: by another thread, and once for all that were committed meanwhile.
 * Who commits waits for it, and so does who only reads: nobody may be told of what a power cut could take back.
 */
export class WalSync {
  private file: FileHandle | null = null;
  private committed = 0;
  private durable = 0;
  private syncing: Promise<void> | null = null;
  private failure: WalNotSynced | null = null;

  /** @param database its file; the log lies beside it as long as a connection is open */
  constructor(private readonly database: string) {}

  /** A transaction was committed. Resolves when it is durable. @throws WalNotSynced, from then on always */
  async commit(): Promise<void> {
    this.committed += 1;
    await this.settle();
  }

  /** Resolves when everything is durable that was committed until now. @throws WalNotSynced */
  async settle(): Promise<void> {
    const upTo = this.committed;
    while (this.durable < upTo) {
      if (this.failure) throw this.failure;
      await (this.syncing ??= this.sync());
    }
  }

  async close(): Promise<void> {
    await this.syncing;
    await this.file?.close();
    this.file = null;
  }

  /** Never rejects: those who wait look at the failure. */
  private async sync(): Promise<void> {
    // What else is committed in this turn of the event loop is synced along.
    await setImmediate();
    const upTo = this.committed;
    try {
      // Beside the file itself, should the database be a link to it.
      this.file ??= await open(`${await realpath(this.database)}-wal`, 'r');
      await this.file.datasync();
      this.durable = upTo;
    } catch (cause) {
      this.failure = new WalNotSynced(cause);
    } finally {
      this.syncing = null;
    }
  }
}
