import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Instance } from '../../database/instance.js';
import { DomainError } from '../../errors/domain-error.js';
import { NotFound } from '../../errors/errors.js';
import { newId } from '../../secrets/secrets.js';
import { BlobStore, blobKey } from '../../storage/blob-store.js';
import { Upload } from './upload.entity.js';
import { UploadBusy } from './uploads.errors.js';
import { UploadsService } from './uploads.service.js';

/** A request of this process that holds an upload. */
interface Holder {
  readonly writer: string;
  readonly abort: AbortController;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/** An upload that the holder of this alone may write, settle or end. */
export interface HeldRow extends Upload {
  readonly writer: string;
}

/** What is known of an upload while a request holds it. */
export type HeldUpload = Omit<HeldRow, 'token' | 'instance' | 'givenUp'>;

type Hold = Pick<HeldRow, 'id' | 'writer'>;

/**
 * Who may write the row of a resumable upload: one conditional update decides, so that two requests never write at
 * once, in one process or in several. A holder whose process died holds nothing.
 */
@Injectable()
export class UploadHolders {
  private readonly holders = new Map<string, Holder>();
  /** Also those that are just taking hold. */
  private readonly writers = new Set<string>();
  /** Writers of this process whose rows still name them, because the database could not be told. */
  private readonly unreleased = new Map<string, string>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly instance: Instance,
    private readonly uploads: UploadsService,
    private readonly store: BlobStore,
  ) {}

  /** Whether a request of this process holds any. */
  get isHolding(): boolean {
    return this.holders.size > 0;
  }

  /** A new writer; its row is inserted as held by it. */
  beginHold(id: string, abort: AbortController): string {
    const writer = newId();
    this.hold(id, writer, abort);
    return writer;
  }

  /**
   * Takes hold of an upload.
   * @param abort aborted when a later request of the same client takes over
   * @throws UploadBusy where another live request holds it; NotFound
   */
  async seize(row: Upload, abort: AbortController): Promise<HeldRow> {
    const { id } = row;
    if (row.writer !== null && (await this.isHeld(row))) throw new UploadBusy();
    const writer = newId();
    this.writers.add(writer);
    const { affected } = await this.dataSource
      .createQueryBuilder()
      .update(Upload)
      .set({ writer, instance: this.instance.number })
      .where('id = :id', { id })
      .andWhere(row.writer === null ? 'writer IS NULL' : 'writer = :before', { before: row.writer })
      .execute()
      .catch((cause: unknown) => {
        this.writers.delete(writer);
        throw cause;
      });
    if (affected !== 1) {
      this.writers.delete(writer);
      // Somebody was faster, or it was settled.
      if (!(await this.dataSource.manager.existsBy(Upload, { id }))) throw new NotFound('upload');
      throw new UploadBusy();
    }
    this.hold(id, writer, abort);
    try {
      if (row.writer !== null && row.instance !== this.instance.number && this.instance.mayErr)
        await this.store.takeOver(blobKey(id));
      // Read again: whoever held it before may have declared a length.
      const held = await this.dataSource.manager.findOneBy(Upload, { id, writer });
      if (!held) throw new NotFound('upload');
      return { ...held, writer };
    } catch (cause) {
      this.forget(id, writer);
      throw cause;
    }
  }

  /**
   * Ends a request of this process that holds the upload, as one on a dead connection does, and waits for its end.
   * @param writer where only this one is meant
   */
  async free(id: string, reason: Error, writer?: string): Promise<void> {
    const holder = this.holders.get(id);
    if (!holder || (writer !== undefined && holder.writer !== writer)) return;
    holder.abort.abort(reason);
    await holder.released;
  }

  /**
   * @param hasGrown whether bytes came: an upload without any does not live longer for being asked
   * @returns false where its row is gone
   */
  async release({ id, writer }: Hold, hasGrown: boolean): Promise<boolean> {
    try {
      const free = {
        writer: null,
        provedBytes: null,
        ...(hasGrown ? { activeAt: new Date() } : {}),
      };
      const { affected } = await this.dataSource.manager.update(Upload, { id, writer }, free);
      // Another process that took us for dead may have resumed it by now.
      return affected === 1 || (await this.dataSource.manager.existsBy(Upload, { id }));
    } catch (cause) {
      // Here anybody may follow a writer that is no more; other processes see that we live.
      this.unreleased.set(id, writer);
      throw cause;
    } finally {
      this.forget(id, writer);
    }
  }

  /** Whether no other process has taken us for dead and holds it now. */
  isHolder({ id, writer }: Hold): Promise<boolean> {
    return this.dataSource.manager.existsBy(Upload, { id, writer });
  }

  /** Why a hold is one no more: another process took over; it was ended; its ticket was deleted. */
  async lost({ id, tokenId }: Pick<HeldRow, 'id' | 'tokenId'>): Promise<DomainError> {
    if (await this.dataSource.manager.existsBy(Upload, { id })) return new UploadBusy();
    return this.uploads.tokenOf(tokenId).then(
      () => new NotFound('upload'),
      (cause: unknown) => {
        if (cause instanceof DomainError) return cause;
        throw cause;
      },
    );
  }

  /** Keeps the length of an upload that began without one, or how much of it is proved. */
  async note(
    { id, writer }: Hold,
    known: Partial<Pick<Upload, 'declaredBytes' | 'provedBytes' | 'sha256'>>,
  ): Promise<void> {
    await this.dataSource.manager.update(Upload, { id, writer }, known);
  }

  /** A hold that ends without its row, or that came to nothing. */
  forget(id: string, writer: string): void {
    this.writers.delete(writer);
    const holder = this.holders.get(id);
    if (holder?.writer !== writer) return;
    this.holders.delete(id);
    holder.release();
  }

  /** Tells the database of the holders that it could not be told of when they ended. */
  async releaseLate(): Promise<void> {
    for (const [id, writer] of this.unreleased) {
      await this.dataSource.manager.update(Upload, { id, writer }, { writer: null });
      this.unreleased.delete(id);
    }
  }

  private async isHeld({ writer, instance }: Upload): Promise<boolean> {
    if (instance === this.instance.number) return this.writers.has(writer ?? '');
    return this.instance.isAlive(instance);
  }

  private hold(id: string, writer: string, abort: AbortController): void {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    this.writers.add(writer);
    this.holders.set(id, { writer, abort, released, release });
  }
}
