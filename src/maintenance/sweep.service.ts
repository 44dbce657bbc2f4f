import { Injectable, Logger } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { Every, minuteMs } from '../jobs/decorators.js';
import { BlobStore } from '../storage/blob-store.js';
import type { BlobKey, Stored } from '../storage/blob-store.js';
import { BlobRegister } from '../storage/blobs/blob-register.service.js';
import { Upload } from '../uploads/records/upload.entity.js';
import { AbandonedUploads } from '../uploads/records/abandoned-uploads.service.js';
import { ResumableService } from '../uploads/resumable/resumable.service.js';
import { Tombstone } from '../storage/blobs/tombstone.entity.js';
import { Tombstones } from '../storage/blobs/tombstones.service.js';
import { TooManyOrphans } from './maintenance.errors.js';

export interface Swept {
  /** Uploads whose process died, and resumable ones that expired: their attempts were given back. */
  readonly uploads: number;
  /** Deletions that were finished. */
  readonly deletions: number;
  /** Files without a record that were removed, or would be. */
  readonly orphans: readonly string[];
}

interface Found {
  readonly files: number;
  readonly orphans: readonly Stored[];
  readonly twins: readonly BlobKey[];
}

/** So many files may go in any case; beyond, not more than a tenth of all. */
const orphanAllowance = 100;
const chunkSize = 500;

export const nameOf = (stored: Stored): string =>
  stored.kind === 'foreign' ? stored.name : `${stored.kind} ${stored.key}`;

/** Puts database and store in agreement after a crash, both ways. */
@Injectable()
export class SweepService {
  private readonly log = new Logger(SweepService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
    private readonly uploads: AbandonedUploads,
    private readonly resumables: ResumableService,
    private readonly blobs: BlobRegister,
    private readonly tombstones: Tombstones,
  ) {}

  /**
   * What the rows themselves tell: cheap, so it runs at the start and every minute. A process that only serves does it,
   * too: what a failed clean-up of its own left, the others take for under way while it lives.
   */
  @Every(minuteMs, 'each')
  async finish(): Promise<Omit<Swept, 'orphans'>> {
    const uploads = (await this.uploads.reclaim()) + (await this.resumables.expire(new Date()));
    await this.blobs.adopt(new Date(Date.now() - 10 * minuteMs));
    const abandoned = await this.blobs.reclaim();
    const deletions = await this.tombstones.buryAll();
    if (uploads + abandoned + deletions > 0)
      this.log.log({ event: 'sweep.finished', uploads, abandoned, deletions });
    return { uploads, deletions };
  }

  /**
   * Drops partial files without a row, at every start, and says which other files have none. Those stay until an
   * operator asks for `sweep`: a crash leaves none (an upload's row goes with the archive's coming), so they tell of
   * an older copy of the database, whose newer archives they may be.
   */
  async dropPartials(): Promise<void> {
    const { orphans, twins } = await this.orphans();
    for (const twin of twins) await this.dropTwin(twin);
    for (const orphan of orphans) {
      if (orphan.kind === 'partial') await this.drop(orphan);
      else this.log.warn({ event: 'sweep.orphan-found', file: nameOf(orphan) });
    }
  }

  /**
   * The operator's command: finishes, and drops every file that no record names.
   * A dry run only looks, however many they are.
   * @throws TooManyOrphans unless `force`; StorageUnavailable where the store is not this database's
   */
  async sweep({ force = false, dryRun = false } = {}): Promise<Swept> {
    const finished = dryRun ? { uploads: 0, deletions: 0 } : await this.finish();
    const { files, orphans, twins } = await this.orphans();
    if (!force && !dryRun && orphans.length > Math.max(orphanAllowance, files / 10))
      throw new TooManyOrphans(orphans.length, files);
    for (const orphan of dryRun ? [] : orphans) await this.drop(orphan);
    for (const twin of dryRun ? [] : twins) await this.dropTwin(twin);
    return { ...finished, orphans: orphans.map(nameOf) };
  }

  private async drop(orphan: Stored): Promise<void> {
    if (orphan.kind === 'foreign') await this.store.removeForeign(orphan.name);
    else await this.store.remove(orphan.key);
    this.log.warn({ event: 'sweep.orphan-removed', file: nameOf(orphan) });
  }

  /** Removes the partial one alone. Where a blob came of it after we looked, it is gone by itself. */
  private async dropTwin(key: BlobKey): Promise<void> {
    await (await this.store.resume(key)).discard();
  }

  /**
   * Files that neither the register, an upload under way nor a deletion under way names. Twins are partial files of
   * blobs that are there: a power cut in the middle of a rename may leave both names.
   */
  async orphans(): Promise<Found> {
    await this.blobs.adopt();
    let files = 0;
    const orphans: Stored[] = [];
    const twins: BlobKey[] = [];
    let chunk: Stored[] = [];
    // The files first and the rows after them: a file that appears meanwhile is not in the list, and one that was
    // listed while its upload was committing has either row.
    const check = async (): Promise<void> => {
      const { orphans: some, twins: others } = await this.without(chunk);
      orphans.push(...some);
      twins.push(...others);
      chunk = [];
    };
    for await (const stored of this.store.list()) {
      files += 1;
      chunk.push(stored);
      if (chunk.length === chunkSize) await check();
    }
    await check();
    return { files, orphans, twins };
  }

  private async without(chunk: readonly Stored[]): Promise<Omit<Found, 'files'>> {
    const keys = chunk.flatMap((stored) => (stored.kind === 'foreign' ? [] : [stored.key]));
    const { manager } = this.dataSource;
    // In this order: a commit moves a key from the first to the second, a deletion from there to the third, and it
    // must be seen in one of them.
    const uploads = await manager.find(Upload, { select: { id: true }, where: { id: In(keys) } });
    const blobs = await this.blobs.recorded(keys);
    const tombstones = await manager.findBy(Tombstone, { key: In(keys) });
    const named = new Set<string>([
      ...uploads.map(({ id }) => id),
      ...blobs.keys(),
      ...tombstones.map(({ key }) => key),
    ]);
    return {
      // A partial file that was listed may be a blob by now: removing its key would remove that.
      orphans: chunk.filter((one) => one.kind === 'foreign' || !named.has(one.key)),
      twins: chunk.flatMap((one) =>
        one.kind === 'partial' && blobs.get(one.key) === 'kept' ? one.key : [],
      ),
    };
  }
}
