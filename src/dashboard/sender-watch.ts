import { Injectable } from '@nestjs/common';
import { Instance } from '../database/instance.js';

const lookAgainMs = 10_000;

/**
 * Whether the process that takes an upload still lives. To be sure that it is dead takes seconds, which nobody who
 * looks at the board waits for: it is asked aside, and believed to live until it is known not to.
 */
@Injectable()
export class SenderWatch {
  private readonly known = new Map<number, { at: number; isAlive: boolean }>();

  constructor(private readonly instance: Instance) {}

  seemsAlive(instance: number, now: Date): boolean {
    if (instance === this.instance.number) return true;
    const known = this.known.get(instance);
    if (known === undefined || now.getTime() - known.at >= lookAgainMs)
      this.ask(instance, now, known?.isAlive ?? true);
    return known?.isAlive ?? true;
  }

  private ask(instance: number, now: Date, isAlive: boolean): void {
    for (const [other, { at }] of this.known)
      if (now.getTime() - at > 10 * lookAgainMs) this.known.delete(other);
    this.known.set(instance, { at: now.getTime(), isAlive });
    void this.instance.isAlive(instance).then(
      (found) => void this.known.set(instance, { at: now.getTime(), isAlive: found }),
      () => undefined,
    );
  }
}
