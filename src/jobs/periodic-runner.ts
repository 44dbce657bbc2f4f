import { Injectable, Logger } from '@nestjs/common';
import { DataSource, LessThanOrEqual } from 'typeorm';
import { isUniqueViolation } from '../database/errors.js';
import { Handlers } from './handlers.js';
import type { PeriodicHandler } from './handlers.js';
import { PeriodicWork } from './periodic-work.entity.js';

/** Runs what @Every marks. Work never overlaps with itself in one process, and a failure is logged once, not each time. */
@Injectable()
export class PeriodicRunner {
  private readonly log = new Logger(PeriodicRunner.name);
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly failing = new Set<string>();
  private isStopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly handlers: Handlers,
  ) {}

  /** @param roles of this process: one that does not run jobs looks after its own things alone */
  start({ jobs }: { readonly jobs: boolean }): void {
    for (const handler of this.handlers.periodic())
      if (jobs || handler.by === 'each') this.schedule(handler);
  }

  /** Begins nothing more. @returns when nothing runs any more */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    await Promise.all(this.running.values());
  }

  /** Runs it now, unless it is done by one process for all and was done already. @returns whether it ran */
  async run(handler: PeriodicHandler, now: Date): Promise<boolean> {
    if (handler.by === 'one' && !(await this.claim(handler, now))) return false;
    await handler.run(now);
    return true;
  }

  private schedule(handler: PeriodicHandler): void {
    if (this.isStopped) return;
    const timer = setTimeout(() => {
      const running = this.turn(handler).finally(() => {
        this.running.delete(handler.name);
        this.schedule(handler);
      });
      this.running.set(handler.name, running);
    }, handler.everyMs);
    timer.unref();
    this.timers.set(handler.name, timer);
  }

  private async turn(handler: PeriodicHandler): Promise<void> {
    const { name } = handler;
    try {
      await this.run(handler, new Date());
      this.failing.delete(name);
    } catch (cause) {
      if (!this.failing.has(name)) this.log.error({ event: 'periodic.failed', name, err: cause });
      this.failing.add(name);
    }
  }

  /** One conditional update decides which process does it this time. */
  private async claim({ name, everyMs }: PeriodicHandler, now: Date): Promise<boolean> {
    const { manager } = this.dataSource;
    // A little early: timers of several processes drift, and none must skip a whole period for a millisecond.
    const due = new Date(now.getTime() + everyMs / 10);
    const next = { dueAt: new Date(now.getTime() + everyMs) };
    const { affected } = await manager.update(
      PeriodicWork,
      { name, dueAt: LessThanOrEqual(due) },
      next,
    );
    if (affected === 1) return true;
    if (await manager.existsBy(PeriodicWork, { name })) return false;
    try {
      await manager.insert(PeriodicWork, { name, ...next });
      return true;
    } catch (cause) {
      if (isUniqueViolation(cause)) return false;
      throw cause;
    }
  }
}
