import { syncFolder } from './file-tree.js';

interface Turn {
  readonly running: Promise<void>;
  /** For those who came after it had begun. */
  next: Promise<void> | null;
}

/**
 * Makes names durable. One sync of a folder serves everybody who asked before it began; whoever asks while one runs
 * shares the next.
 */
export class FolderSyncs {
  private readonly turns = new Map<string, Turn>();

  /** @param syncOne syncs one folder */
  constructor(private readonly syncOne: (folder: string) => Promise<void> = syncFolder) {}

  /** Resolves when the names are durable that the folder holds now. */
  sync(folder: string): Promise<void> {
    const turn = this.turns.get(folder);
    if (!turn) return this.begin(folder);
    // Where the running one fails this one fails, too: the kernel reports lost names once, and they may be of both.
    return (turn.next ??= turn.running.then(() => this.begin(folder)));
  }

  private begin(folder: string): Promise<void> {
    const turn: Turn = { running: this.syncOne(folder), next: null };
    this.turns.set(folder, turn);
    const end = (): void => void this.turns.delete(folder);
    turn.running.then(() => turn.next ?? end(), end);
    return turn.running;
  }
}
