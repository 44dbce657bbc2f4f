import { newInstanceNumber } from '../secrets/secrets.js';

/** Soon enough that nobody takes us for dead after the database was away for a moment. */
const beatMs = 1_000;

/** A second service on the same SQLite database. */
export class AlreadyRunning extends Error {
  constructor(path: string) {
    super(
      `Another process already serves ${path}; stop it first, or use PostgreSQL to run several`,
    );
    this.name = 'AlreadyRunning';
  }
}

/** Another process serves this database with another key: what one seals or signs the other could not read. */
export class OtherSecretKey extends Error {
  constructor() {
    super(
      'Another process serves this database with another SECRET_KEY; give all of them the same one (where it is not given, each makes its own and keeps it in its DATA_DIR)',
    );
    this.name = 'OtherSecretKey';
  }
}

/**
 * This process among those that work on one database. Work under way names its instance; whether that one still
 * lives is asked of a lock that the operating system or PostgreSQL drops with the process, never of a clock, so that
 * what a crash left is found at the very next start.
 */
export abstract class Instance {
  readonly number = newInstanceNumber();
  private heartbeat: NodeJS.Timeout | null = null;
  private beating: Promise<void> = Promise.resolve();

  /** Whether one that lives may be taken for dead: a lock that another machine keeps goes with the connection. */
  abstract readonly mayErr: boolean;

  /** Takes the lock. @throws AlreadyRunning on SQLite when another process serves this database */
  abstract enter(): Promise<void>;
  /** Of two that enter at the same moment with keys of their own both are refused. @throws OtherSecretKey */
  abstract assertSameKey(): Promise<void>;
  abstract isAlive(instance: number): Promise<boolean>;
  /** Which of these are alive. All are asked at once: knowing that one is dead may take seconds, and many may be. */
  async living(instances: Iterable<number>): Promise<ReadonlySet<number>> {
    const looks = [...new Set(instances)].map(async (one) =>
      one === this.number || (await this.isAlive(one)) ? [one] : [],
    );
    return new Set((await Promise.all(looks)).flat());
  }

  /** The same at one look: one that has lost its connection for a moment seems dead. */
  abstract looksAlive(instance: number): Promise<boolean>;
  /** Whether another process serves this database now. On SQLite `enter` has refused that. */
  abstract isShared(): Promise<boolean>;
  /** From now on the others know, until it ends, that this process runs jobs. */
  abstract beginWork(): Promise<void>;
  /** Whether a living process runs jobs. */
  abstract hasWorker(): Promise<boolean>;
  /** False while the database lives of the reserve that is kept for deleting on a full volume. */
  abstract hasReserve(): Promise<boolean>;
  abstract leave(): Promise<void>;

  /** From now on, until `leave`, looks after the lock each second: no other process takes this one for dead. */
  beat(): void {
    this.heartbeat = setTimeout(() => {
      // What fails now is tried again with the next beat.
      this.beating = this.keep()
        .catch(() => undefined)
        .finally(() => this.heartbeat && this.beat());
    }, beatMs);
    this.heartbeat.unref();
  }

  /** @returns when no beat is under way any more */
  protected async endBeat(): Promise<void> {
    if (this.heartbeat) clearTimeout(this.heartbeat);
    this.heartbeat = null;
    await this.beating;
  }

  /** Takes the lock again where a lost connection dropped it, and whatever else may have been lost. */
  protected abstract keep(): Promise<void>;
}
