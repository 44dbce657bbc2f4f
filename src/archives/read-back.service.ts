import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ShuttingDown } from '../errors/errors.js';
import { Draining } from '../http/draining.js';
import { newDigest, newMd5 } from '../secrets/digest.js';
import { BlobDamaged, BlobStore, blobKey } from '../storage/blob-store.js';
import { Archive } from './archive.entity.js';

/** Bytes in the store, and what they must be. */
type Blob = Pick<Archive, 'id' | 'size' | 'sha256'>;

/**
 * MD5 of stored bytes, by reading them once more: about 2 s/GiB where they are still in the system's memory, else what
 * the disk takes. It is not computed while an upload streams, because that would slow down every upload by as much for
 * the few that have such a side-car. One at a time for each token, so that nobody keeps the disk busy with small
 * requests; two replicas may at worst do one each.
 */
@Injectable()
export class ReadBack {
  private readonly log = new Logger(ReadBack.name);
  /** By token: the end of what it waits for. */
  private readonly last = new Map<string, Promise<void>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
    private readonly draining: Draining,
  ) {}

  /** Of bytes that are durable and not yet an archive. @throws BlobDamaged, ShuttingDown */
  ofUpload(tokenId: string, blob: Blob): Promise<string> {
    return this.inTurn(tokenId, () => this.md5(blob));
  }

  /**
   * Keeps it with the archive, also where whoever asked has left meanwhile: it is never computed twice.
   * Resolves as well where the archive was deleted.
   * @throws BlobDamaged, ShuttingDown
   */
  ofArchive({ id, tokenId }: Archive): Promise<void> {
    const { manager } = this.dataSource;
    return this.inTurn(tokenId, async () => {
      const archive = await manager.findOneBy(Archive, { id });
      if (archive?.md5 !== null) return;
      try {
        await manager.update(Archive, { id }, { md5: await this.md5(archive) });
      } catch (cause) {
        if (await manager.existsBy(Archive, { id })) throw cause;
      }
    });
  }

  private async md5({ id, size, sha256 }: Blob): Promise<string> {
    const [md5, check] = [newMd5(), newDigest()];
    for await (const piece of await this.store.open(blobKey(id), size)) {
      if (this.draining.signal.aborted) throw new ShuttingDown();
      md5.update(piece as Buffer);
      check.update(piece as Buffer);
    }
    this.log.log({ event: 'archive.read-back', archiveId: id, bytes: size });
    // What the disk lost must not be blamed on the customer.
    if (check.digest('hex') !== sha256) throw new BlobDamaged();
    return md5.digest('hex');
  }

  private async inTurn<Result>(tokenId: string, work: () => Promise<Result>): Promise<Result> {
    const running = (this.last.get(tokenId) ?? Promise.resolve()).then(work);
    const ended = running.then(
      () => undefined,
      () => undefined,
    );
    this.last.set(tokenId, ended);
    try {
      return await running;
    } finally {
      if (this.last.get(tokenId) === ended) this.last.delete(tokenId);
    }
  }
}
