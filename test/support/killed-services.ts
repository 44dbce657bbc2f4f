import type { Place } from './database.js';
import { program, spawnedService } from './program.js';

type Running = Awaited<ReturnType<typeof spawnedService>>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts that are killed too come to their end within this. */
const startMs = 900;

/**
 * Processes of the real program on one database and one store, killed with SIGKILL at random moments and started again
 * while clients work with whichever of them lives, as behind a balancer. Nothing else ever cleans up after them.
 */
export class KilledServices {
  private readonly running: (Running | null)[];
  private readonly waiting = new Set<() => void>();
  private turnsLeft = 0;
  private answers = 0;
  private isOver = false;
  private last: Running;
  /** Times that a process was killed, those included that had not started yet. */
  kills = 0;
  /** Of those after a kill, until it listened. */
  slowestStartMs = 0;
  /** Errors that the program did not expect, as its log tells them. */
  readonly faults: string[] = [];

  private constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly random: (below: number) => number,
    first: Running,
    others: readonly Running[],
  ) {
    this.running = [first, ...others];
    this.last = first;
  }

  /** @param count of processes; SQLite is served by one */
  static async started(
    place: Place,
    count: number,
    env: Readonly<Record<string, string>>,
    random: (below: number) => number,
  ): Promise<KilledServices> {
    const first = await spawnedService(env, place);
    const others = Array.from({ length: count - 1 }, () => spawnedService(env, place));
    return new KilledServices(env, random, first, await Promise.all(others));
  }

  /** One that lives. */
  get any(): Running {
    return this.running.find((one) => one !== null) ?? this.last;
  }

  /** The address of one that lives; waits while none does. */
  async url(): Promise<string> {
    for (;;) {
      const living = this.running.filter((one) => one !== null);
      const one = living[this.random(Math.max(1, living.length))];
      if (one) return one.url;
      await this.change();
    }
  }

  /** Whether to begin something new; waits while enough was done for this round. */
  async turn(): Promise<boolean> {
    while (!this.isOver && this.turnsLeft === 0) await this.change();
    this.turnsLeft -= 1;
    return !this.isOver;
  }

  /** To be told of each request that was answered. */
  answered(): void {
    this.answers += 1;
    this.changed();
  }

  /**
   * Lets clients work, kills in their midst, and starts again.
   * @param turns so many things are begun meanwhile at most; an even number
   * @param startToo kills the next start as well, while it cleans up after the kill before
   */
  async round(turns: number, startToo: boolean): Promise<void> {
    this.turnsLeft = turns;
    const enough = this.answers + 3 + this.random(turns / 2);
    this.changed();
    // However slow the machine is, there is something to lose; the moment itself a clock decides.
    while (this.answers < enough) await this.change();
    await pause(this.random(100));
    const all = this.running.length > 1 && this.random(3) === 0;
    const only = this.random(this.running.length);
    const victims = [...this.running.keys()].filter((at) => all || at === only);
    await Promise.all(victims.map((at) => this.kill(at)));
    if (startToo) await this.killedStart();
    await Promise.all(victims.map((at) => this.start(at)));
  }

  /** Nothing new is begun; what is under way comes to its end. */
  end(): void {
    this.isOver = true;
    this.changed();
  }

  /** Kills one for good. */
  async kill(at: number): Promise<void> {
    const victim = this.running[at];
    if (!victim) return;
    this.running[at] = null;
    victim.kill('SIGKILL');
    this.kills += 1;
    await victim.ended;
    this.hear(victim);
  }

  /** What those that live still have to tell. */
  hearAll(): void {
    for (const one of this.running) if (one) this.hear(one);
  }

  private hear({ log }: Pick<Running, 'log'>): void {
    for (const name of ['http.failed', 'process.unhandled', 'blob.has-record', 'audit.not-sealed'])
      this.faults.push(...log.events(name).map((event) => JSON.stringify(event)));
  }

  private async killedStart(): Promise<void> {
    const starting = await program(['serve'], this.env, this.last.place);
    setTimeout(() => starting.kill('SIGKILL'), this.random(startMs));
    await starting.ended;
    this.kills += 1;
    this.hear(starting);
  }

  private async start(at: number): Promise<void> {
    const began = performance.now();
    this.last = this.running[at] = await spawnedService(this.env, this.last.place);
    this.slowestStartMs = Math.max(this.slowestStartMs, performance.now() - began);
    this.changed();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private changed(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
