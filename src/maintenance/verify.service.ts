import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ShuttingDown } from '../errors/errors.js';
import { EventsService } from '../events/events.service.js';
import { systemActor } from '../http/actor.js';
import { newDigest } from '../secrets/digest.js';
import { BlobDamaged, BlobStore } from '../storage/blob-store.js';
import type { Stored } from '../storage/blob-store.js';
import { original } from '../storage/blobs/blob-record.entity.js';
import type { BlobRecord } from '../storage/blobs/blob-record.entity.js';
import type { Damage } from '../storage/blobs/blob-owners.js';
import { BlobRegister } from '../storage/blobs/blob-register.service.js';
import { isMediaError } from '../storage/errors.js';
import { SweepService, nameOf } from './sweep.service.js';

/**
 * 'missing' and 'changed' are of the bytes, and mark the blob. 'unreadable' is of this moment (a folder's permissions,
 * say): it says nothing of the bytes, and marks nothing.
 */
type Condition = Damage | 'unreadable';

export type Finding =
  | { readonly kind: Condition; readonly id: string; readonly filename: string }
  | { readonly kind: 'orphaned'; readonly id: string };

export interface Verified {
  readonly archives: number;
  /** Of all blobs, also of what was derived from the archives. */
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

/** Called after each piece that was read; what it throws ends the reading. */
export type Pace = (bytes: number) => Promise<void> | undefined;

/** More names than this say nothing more: look with `sweep --dry-run`. */
const mostNamed = 20;

/** Re-hashes every blob and compares store and database both ways. */
@Injectable()
export class VerifyService {
  private readonly log = new Logger(VerifyService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
    private readonly blobs: BlobRegister,
    private readonly sweeps: SweepService,
    private readonly events: EventsService,
  ) {}

  /** @throws StorageUnavailable where the store is not there at all: then nothing is marked */
  async verify(): Promise<Verified> {
    await this.store.probe();
    const findings: Finding[] = [];
    let [archives, bytes] = [0, 0];
    for await (const blob of this.blobs.all()) {
      if (blob.role === original) archives += 1;
      bytes += blob.size;
      const finding = await this.check(blob);
      if (finding) findings.push(finding);
    }
    for (const stray of await this.strays())
      findings.push({ kind: 'orphaned', id: stray.kind === 'foreign' ? stray.name : stray.key });
    return { archives, bytes, findings };
  }

  /**
   * Re-hashes one blob and marks it by what that says.
   * @returns null where it is intact, or was deleted while it was read
   * @throws StorageUnavailable and its like where the store is not there, and what the pace throws
   */
  async check(blob: BlobRecord, pace?: Pace): Promise<Finding | null> {
    const { key: id } = blob;
    if (await this.blobs.dropIfOwnerless(blob)) return null;
    // Twice: a volume may have gone and come back, or somebody may just be copying the right bytes into place.
    const condition = (await this.look(blob, pace)) && (await this.look(blob, pace));
    if (condition === null) {
      if (blob.state === 'damaged') await this.blobs.judge(blob, null);
      return null;
    }
    const { ownerId: archiveId, role } = blob;
    if (condition === 'unreadable')
      this.log.error({ event: 'archive.unreadable', archiveId, role });
    else if (!(await this.blobs.judge(blob, condition))) return null;
    return { kind: condition, id, filename: await this.blobs.nameOf(blob) };
  }

  /**
   * Files without a record, at two looks: one that is just being removed is there at one of them only. They are told to
   * the log and the audit, and stay.
   */
  async strays(): Promise<readonly Stored[]> {
    const { orphans } = await this.sweeps.orphans();
    if (orphans.length === 0) return [];
    const still = new Set((await this.sweeps.orphans()).orphans.map(nameOf));
    const strays = orphans.filter((orphan) => still.has(nameOf(orphan)));
    if (strays.length === 0) return [];
    const files = strays.slice(0, mostNamed).map(nameOf);
    this.log.warn({ event: 'storage.strays-found', count: strays.length, files });
    await this.dataSource.transaction((tx) =>
      this.events.record(tx, systemActor, {
        name: 'storage.strays_found',
        subject: { kind: 'storage', id: null },
        details: { count: strays.length, files: files.join(', ') },
      }),
    );
    return strays;
  }

  /** @returns null where it is intact */
  private async look({ key, size, sha256 }: BlobRecord, pace?: Pace): Promise<Condition | null> {
    const digest = newDigest();
    try {
      for await (const chunk of await this.store.open(key, size)) {
        const piece = chunk as Buffer;
        digest.update(piece);
        await pace?.(piece.length);
      }
    } catch (cause) {
      if (cause instanceof ShuttingDown) throw cause;
      const isDamaged = cause instanceof BlobDamaged;
      // A store that answers, and one file that cannot be read: a bad sector must not end the run.
      if (!isDamaged) await this.store.probe();
      const isThere = await this.store.has(key).catch(async () => {
        await this.store.probe();
        return null;
      });
      if (isThere === false) return 'missing';
      return isThere && (isDamaged || isMediaError(cause)) ? 'changed' : 'unreadable';
    }
    return digest.digest('hex') === sha256 ? null : 'changed';
  }
}
