import { Injectable, Logger } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { EventsService } from '../../events/events.service.js';
import { Statement, entityIn } from '../../database/statement.js';
import { ShuttingDown } from '../../errors/errors.js';
import { actorOf } from '../../http/actor.js';
import { Draining } from '../../http/draining.js';
import { Every, minuteMs } from '../../jobs/decorators.js';
import { newId } from '../../secrets/secrets.js';
import { BlobDamaged } from '../../storage/blob-store.js';
import { TicketResolved } from '../../tickets/tickets.errors.js';
import {
  UploadTokenExhausted,
  UploadTokenRevoked,
  UploadTokenUnknown,
} from '../../tickets/tokens/upload-tokens.errors.js';
import { UploadTokensService } from '../../tickets/tokens/upload-tokens.service.js';
import type { KnownToken } from '../../tickets/tokens/upload-tokens.service.js';
import { Archive } from '../../archives/archive.entity.js';
import type { ClaimOutcome } from '../../archives/archive.entity.js';
import { DigestClaim } from './digest-claim.entity.js';
import { ReadBack } from '../../archives/read-back.service.js';
import type { ClaimReceipt } from './side-cars.dto.js';
import { ClaimContradictsArchive, FileContradictsClaim } from './side-cars.errors.js';
import { claimMs } from './side-cars.policy.js';
import type { ClaimedAlgorithm, SideCar } from './side-cars.policy.js';

/** Pending claims of one token; beyond, the oldest goes. */
const maxPending = 100;

const claimsOfFile = new Statement<{ tokenId: string; filename: string; since: number }>(
  (manager) =>
    manager
      .createQueryBuilder(DigestClaim, 'claim')
      .where('claim.tokenId = :tokenId AND claim.filename = :filename')
      .andWhere('claim.createdAt > :since'),
);

/** What a new archive gets from the claims that it fits. */
export type Claimed = Pick<Archive, 'md5' | 'md5Claim' | 'sha256Claim'>;

/** A claim is pending that cannot be judged without the MD5 of the bytes: compute it, and settle again. */
export class Md5Wanted extends Error {}

type Recorded =
  | { readonly kind: 'pending' | 'matched' }
  | { readonly kind: 'mismatched'; readonly stored: string }
  /** Nothing was recorded: the archive's MD5 has to be known first. */
  | { readonly kind: 'unread'; readonly archive: Archive };

interface Accusation {
  readonly algorithm: ClaimedAlgorithm;
  readonly claimed: string;
  readonly stored: string;
}

const outcome = (
  algorithm: ClaimedAlgorithm,
  value: ClaimOutcome | null,
): Pick<Archive, 'md5Claim'> | Pick<Archive, 'sha256Claim'> =>
  algorithm === 'md5' ? { md5Claim: value } : { sha256Claim: value };

/**
 * What side-cars claim of the files of their token, whichever of the two comes first. Recording a claim and committing
 * an archive both hold the token's row: whichever comes second sees the other, so that no pair passes uncompared.
 */
@Injectable()
export class SideCarsService {
  private readonly log = new Logger(SideCarsService.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly tokens: UploadTokensService,
    private readonly readBack: ReadBack,
    private readonly events: EventsService,
    private readonly draining: Draining,
  ) {}

  /**
   * Judges, before the body, whether a side-car may come. It needs no attempt: its file may have taken the last one.
   * @throws ShuttingDown, UploadTokenExpired and its like
   */
  async admit(tokenId: string): Promise<KnownToken> {
    if (this.draining.isDraining) throw new ShuttingDown();
    const token = await this.tokens.load(this.dataSource.manager, tokenId);
    try {
      this.tokens.assertUsable(token);
    } catch (cause) {
      if (!(cause instanceof UploadTokenExhausted)) throw cause;
    }
    return token;
  }

  /**
   * Compares the claim with the newest file of that name, or keeps it for one that is still to come.
   * @param filename of the side-car
   * @throws ClaimContradictsArchive, after which the archive is marked
   */
  async claim(
    token: KnownToken,
    filename: string,
    sideCar: SideCar,
    digest: string,
  ): Promise<ClaimReceipt> {
    const { file: claims, algorithm } = sideCar;
    let unreadable: string | null = null;
    for (;;) {
      const known = unreadable;
      const recorded = await this.dataSource.transaction((tx) =>
        this.record(tx, token, sideCar, digest, known),
      );
      // Each round knows one archive more; only a newer one makes another round.
      if (recorded.kind === 'unread') unreadable = await this.read(recorded.archive);
      else if (recorded.kind === 'mismatched')
        throw new ClaimContradictsArchive(algorithm, digest, recorded.stored);
      else {
        const state = recorded.kind;
        this.log.log({ event: 'side-car.taken', algorithm, state });
        return { ticket: token.ticket.number, filename, claims, algorithm, digest, state };
      }
    }
  }

  /**
   * Compares a file that is being committed with what is claimed of it, and uses up the claims that it fits. Runs in
   * the commit's transaction, which holds the token's row.
   * @param md5 null where it was not computed
   * @throws FileContradictsClaim, Md5Wanted
   */
  async settle(
    tx: EntityManager,
    tokenId: string,
    { filename, sha256 }: Pick<Archive, 'filename' | 'sha256'>,
    md5: string | null,
  ): Promise<Claimed> {
    const since = Date.now() - claimMs;
    const rows = await claimsOfFile.rows(tx, { tokenId, filename, since });
    const claims = rows.map((row) => entityIn(tx, DigestClaim, 'claim', row));
    const digests = { md5, sha256 };
    for (const { algorithm, digest } of claims) {
      const received = digests[algorithm];
      if (received !== null && received !== digest)
        throw new FileContradictsClaim(algorithm, digest, received);
    }
    if (claims.some(({ algorithm }) => digests[algorithm] === null)) throw new Md5Wanted();
    for (const { id, algorithm, archiveId } of claims) {
      await tx.delete(DigestClaim, { id });
      // The claim was evidently meant for this file, and not for the one that it marked.
      if (archiveId !== null)
        await tx.update(
          Archive,
          { id: archiveId, ...outcome(algorithm, 'mismatched') },
          outcome(algorithm, null),
        );
    }
    const matched = (wanted: ClaimedAlgorithm): ClaimOutcome | null =>
      claims.some(({ algorithm }) => algorithm === wanted) ? 'matched' : null;
    return { md5, md5Claim: matched('md5'), sha256Claim: matched('sha256') };
  }

  /** Claims whose file never came. */
  @Every(10 * minuteMs)
  async removeExpired(now: Date): Promise<void> {
    const { manager } = this.dataSource;
    const expired = await manager
      .createQueryBuilder(DigestClaim, 'claim')
      .select('claim.id', 'id')
      .where('claim.createdAt <= :before', { before: now.getTime() - claimMs })
      .getRawMany<{ id: string }>();
    // One a statement: whoever records a claim holds several of these rows, and takes them in another order.
    for (const { id } of expired) await manager.delete(DigestClaim, { id });
  }

  /** @returns its id where its bytes are damaged: that is no fault of the customer, whose claim then waits */
  private async read(archive: Archive): Promise<string | null> {
    try {
      await this.readBack.ofArchive(archive);
      return null;
    } catch (cause) {
      if (!(cause instanceof BlobDamaged)) throw cause;
      this.log.error({ event: 'archive.unreadable', archiveId: archive.id });
      return archive.id;
    }
  }

  private async record(
    tx: EntityManager,
    token: KnownToken,
    sideCar: SideCar,
    digest: string,
    unreadable: string | null,
  ): Promise<Recorded> {
    const { file: filename, algorithm } = sideCar;
    await this.hold(tx, token.id);
    const { archive, isNewest } = await this.awaiting(tx, token.id, sideCar);
    const stored = archive?.[algorithm] ?? null;
    if (archive && stored === null && archive.id !== unreadable) return { kind: 'unread', archive };
    await tx.delete(DigestClaim, { tokenId: token.id, filename, algorithm });
    if (archive && stored === digest) {
      await tx.update(Archive, { id: archive.id }, outcome(algorithm, 'matched'));
      return { kind: 'matched' };
    }
    const accused = isNewest && stored !== null ? archive : null;
    await tx.insert(DigestClaim, {
      id: newId(),
      tokenId: token.id,
      filename,
      algorithm,
      digest,
      archiveId: accused?.id ?? null,
      createdAt: new Date(),
    });
    await this.dropOldest(tx, token.id);
    if (!accused || stored === null) return { kind: 'pending' };
    await this.accuse(tx, token, accused, { algorithm, claimed: digest, stored });
    return { kind: 'mismatched', stored };
  }

  /** Holds the token's row. @throws what came up while the side-car's few bytes came; expiry does not matter */
  private async hold(tx: EntityManager, tokenId: string): Promise<void> {
    if (!(await this.tokens.lock(tx, tokenId))) throw new UploadTokenUnknown();
    const { revokedAt, ticket } = await this.tokens.load(tx, tokenId);
    if (revokedAt) throw new UploadTokenRevoked();
    if (ticket.resolved) throw new TicketResolved();
  }

  /**
   * The newest archive of that name which no claim of that algorithm has fitted yet. Where a newer one was fitted the
   * claim is rather for the next file: it may still fit this one, and does not accuse it.
   */
  private async awaiting(
    tx: EntityManager,
    tokenId: string,
    { file: filename, algorithm }: SideCar,
  ): Promise<{ readonly archive: Archive | null; readonly isNewest: boolean }> {
    const named = (): SelectQueryBuilder<Archive> =>
      tx
        .createQueryBuilder(Archive, 'archive')
        .where('archive.tokenId = :tokenId AND archive.filename = :filename', { tokenId, filename })
        .orderBy('archive.uploadedAt', 'DESC')
        .addOrderBy('archive.id', 'DESC')
        .limit(1);
    const claim = algorithm === 'md5' ? 'archive.md5Claim' : 'archive.sha256Claim';
    const archive = await named()
      .andWhere(`(${claim} IS NULL OR ${claim} <> :matched)`, { matched: 'matched' })
      .getOne();
    const newest = archive && (await named().getOne());
    return { archive, isNewest: archive?.id === newest?.id };
  }

  /** The archive stays, with a mark. It counts as a failure, so that nobody accuses without end. */
  private async accuse(
    tx: EntityManager,
    token: KnownToken,
    { id }: Archive,
    { algorithm, claimed, stored }: Accusation,
  ): Promise<void> {
    await tx.update(Archive, { id }, outcome(algorithm, 'mismatched'));
    await this.tokens.countFailure(tx, token.id);
    await this.events.record(tx, actorOf({ kind: 'customer', tokenId: token.id }), {
      name: 'archive.digest_mismatch',
      subject: { kind: 'archive', id },
      details: { ticket: token.ticket.number, algorithm, claimed, stored },
    });
    this.log.warn({ event: 'archive.digest-mismatch', archiveId: id, algorithm });
  }

  private async dropOldest(tx: EntityManager, tokenId: string): Promise<void> {
    const beyond = await tx.find(DigestClaim, {
      select: { id: true },
      where: { tokenId },
      order: { createdAt: 'DESC', id: 'DESC' },
      skip: maxPending,
      take: maxPending,
    });
    if (beyond.length > 0) await tx.delete(DigestClaim, { id: In(beyond.map(({ id }) => id)) });
  }
}
