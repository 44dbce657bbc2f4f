import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { isUniqueViolation } from '../database/errors.js';
import { Instance } from '../database/instance.js';
import { Setting } from '../database/setting.entity.js';
import { ShuttingDown } from '../errors/errors.js';
import { Draining } from '../http/draining.js';
import { Every, minuteMs } from '../jobs/decorators.js';
import { newId } from '../secrets/secrets.js';
import { original } from '../storage/blobs/blob-record.entity.js';
import type { BlobRecord } from '../storage/blobs/blob-record.entity.js';
import { BlobRegister } from '../storage/blobs/blob-register.service.js';
import { isDue, leastBytes, nextDueMs } from './scrub.policy.js';
import type { Round } from './scrub.policy.js';
import { VerifyService } from './verify.service.js';

const scrubSetting = 'scrub';

/** A kill makes it read again what it read in this time; each write to the database waits for its disk. */
const keepEveryMs = 5_000;

/** In place of an instance's number: whoever comes first continues it. */
const nobody = 0;

/** Another replica continues it: it took us for dead. */
class TakenOver extends Error {}

/** A round that is ours, and how it stands in the database. */
interface Claimed {
  round: Round;
  kept: string;
  keptAtMs: number;
}

const stored = (text: string): Round | null => {
  try {
    return JSON.parse(text) as Round;
  } catch {
    return null;
  }
};

/**
 * Does what `verify` does, all the time and slowly: reads SCRUB_RATE_BYTES a second, every blob once a week. Of the
 * replicas one at a time does it; the row of the round decides which.
 */
@Injectable()
export class ScrubService implements BeforeApplicationShutdown {
  private readonly log = new Logger(ScrubService.name);
  private running: Promise<void> | null = null;
  private isFailing = false;
  private dueMs = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
    private readonly instance: Instance,
    private readonly draining: Draining,
    private readonly blobs: BlobRegister,
    private readonly verifying: VerifyService,
  ) {}

  /**
   * Begins a round that is due, or continues one, unless a living replica does. Resolves at its end, or when it cannot
   * continue now; never throws. Whoever asks while it runs waits for the same end.
   */
  @Every(minuteMs, 'each-worker')
  run(now = new Date()): Promise<void> {
    this.running ??= this.attempt(now).finally(() => (this.running = null));
    return this.running;
  }

  /** It ended when the draining began; its last state is written before the database is closed. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private async attempt(now: Date): Promise<void> {
    if (this.config.SCRUB_RATE_BYTES === 0 || this.draining.isDraining) return;
    try {
      const claimed = await this.claim(now);
      if (claimed) await this.goOn(claimed);
    } catch (cause) {
      if (cause instanceof ShuttingDown || cause instanceof TakenOver) return;
      // Once, and not each minute while the storage is away.
      if (!this.isFailing) this.log.warn({ event: 'scrub.interrupted', err: cause });
      this.isFailing = true;
    }
  }

  /** @returns null where there is nothing to do, or another replica does it */
  private async claim(now: Date): Promise<Claimed | null> {
    const { manager } = this.dataSource;
    const row = await manager.findOneBy(Setting, { name: scrubSetting });
    const before = row && stored(row.value);
    const instance = this.instance.number;
    if (before?.endedAtMs === null) {
      if (before.instance !== instance && (await this.instance.isAlive(before.instance)))
        return null;
    } else if (before && !isDue(before, now)) return null;
    const round: Round =
      before?.endedAtMs === null
        ? { ...before, instance }
        : {
            beganAtMs: now.getTime(),
            endedAtMs: null,
            instance,
            after: '',
            before: newId(),
            archives: 0,
            bytes: 0,
            findings: 0,
          };
    const kept = JSON.stringify(round);
    if (row) {
      if (row.value !== kept && !(await this.replace(row.value, kept))) return null;
    } else
      try {
        await manager.insert(Setting, { name: scrubSetting, value: kept });
      } catch (cause) {
        if (isUniqueViolation(cause)) return null;
        throw cause;
      }
    return { round, kept, keptAtMs: Date.now() };
  }

  private async goOn(claimed: Claimed): Promise<void> {
    try {
      for (;;) {
        if (this.draining.isDraining) throw new ShuttingDown();
        // One at a time: a large one takes minutes, in which the others may change.
        const { after, before } = claimed.round;
        const blob = await this.blobs.next(after, before);
        if (!blob) break;
        await this.look(claimed, blob);
        if (Date.now() - claimed.keptAtMs >= keepEveryMs) await this.keep(claimed);
      }
    } catch (cause) {
      claimed.round = { ...claimed.round, instance: nobody };
      await this.keep(claimed).catch(() => undefined);
      throw cause;
    }
    const strays = await this.verifying.strays();
    const { beganAtMs, archives, bytes, findings } = claimed.round;
    claimed.round = { ...claimed.round, endedAtMs: Date.now(), findings: findings + strays.length };
    await this.keep(claimed);
    const seconds = Math.round((Date.now() - beganAtMs) / 1000);
    if (archives > 0 || strays.length > 0)
      this.log.log({
        event: 'scrub.finished',
        archives,
        bytes,
        findings: claimed.round.findings,
        seconds,
      });
  }

  private async look(claimed: Claimed, blob: BlobRecord): Promise<void> {
    const finding = await this.verifying.check(blob, (bytes) => this.pace(bytes));
    const { archives, bytes, findings } = claimed.round;
    claimed.round = {
      ...claimed.round,
      after: blob.key,
      archives: archives + (blob.role === original ? 1 : 0),
      bytes: bytes + blob.size,
      findings: findings + (finding ? 1 : 0),
    };
    this.isFailing = false;
    await this.pace(Math.max(0, leastBytes - blob.size));
  }

  /** @throws ShuttingDown */
  private async pace(bytes: number): Promise<void> {
    if (bytes === 0) return;
    const nowMs = performance.now();
    this.dueMs = nextDueMs(this.dueMs, nowMs, bytes, this.config.SCRUB_RATE_BYTES);
    try {
      await setTimeout(this.dueMs - nowMs, undefined, { signal: this.draining.begun });
    } catch {
      throw new ShuttingDown();
    }
  }

  /** @throws TakenOver */
  private async keep(claimed: Claimed): Promise<void> {
    const value = JSON.stringify(claimed.round);
    claimed.keptAtMs = Date.now();
    if (value === claimed.kept) return;
    if (!(await this.replace(claimed.kept, value))) throw new TakenOver();
    claimed.kept = value;
  }

  /** The database arbitrates: of two that saw the same value one replaces it. */
  private async replace(seen: string, value: string): Promise<boolean> {
    const { affected } = await this.dataSource.manager.update(
      Setting,
      { name: scrubSetting, value: seen },
      { value },
    );
    return affected === 1;
  }
}
