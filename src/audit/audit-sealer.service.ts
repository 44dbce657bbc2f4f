import { Injectable, Logger } from '@nestjs/common';
import { DataSource, IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Statement } from '../database/statement.js';
import { Every } from '../jobs/decorators.js';
import { Keyring } from '../secrets/secrets.js';
import { AuditEvent } from './audit-event.entity.js';
import { makeHead, moveHead, storedHead } from './chain-head.js';
import { ChainCodes, genesis, headText } from './chain.policy.js';
import type { Head } from './chain.policy.js';

const setLink = new Statement<{ id: string; seq: number; hash: string }>((manager) =>
  manager
    .createQueryBuilder()
    .update(AuditEvent)
    .set({ seq: () => ':seq', hash: () => ':hash' })
    .where('id = :id AND seq IS NULL'),
);

/** Small enough that nobody waits long for the transaction. */
const batchSize = 200;
/** How often the head is told to the log, at most. */
const tellEveryMs = 60 * 60 * 1000;

/** Gives recorded events their place in the chain. Replicas may all try: the stored head lets one through at a time. */
@Injectable()
export class AuditSealer {
  private readonly log = new Logger(AuditSealer.name);
  private readonly codes: ChainCodes;
  private told = { seq: genesis.seq, atMs: -Infinity };
  private isFailing = false;

  constructor(
    private readonly dataSource: DataSource,
    keyring: Keyring,
  ) {
    this.codes = new ChainCodes((purpose) => keyring.macs(purpose));
  }

  /** Seals what there is. What cannot be sealed now is sealed later: it fails no one. */
  @Every(1_000, 'each')
  async seal(): Promise<void> {
    try {
      const head = await this.sealAll();
      this.isFailing = false;
      if (head && Date.now() - this.told.atMs >= tellEveryMs) this.tell(head);
    } catch (cause) {
      // Once, and not each second.
      if (!this.isFailing) this.log.error({ event: 'audit.not-sealed', err: cause });
      this.isFailing = true;
    }
  }

  /** At the end of a service: seals what there is and tells where the chain ends. */
  async finish(): Promise<void> {
    await this.seal();
    if (this.isFailing) return;
    const head = await storedHead(this.dataSource.manager).catch(() => null);
    if (head && head.seq !== this.told.seq) this.tell(head);
  }

  /** An operator's log store that keeps this line proves later that the chain was not cut. */
  private tell(head: Head): void {
    this.log.log({ event: 'audit.head', head: headText(head) });
    this.told = { seq: head.seq, atMs: Date.now() };
  }

  /** @returns the new head; null where there was nothing to do, or another replica does it */
  private async sealAll(): Promise<Head | null> {
    const { manager } = this.dataSource;
    let head: Head | null = null;
    while (await manager.existsBy(AuditEvent, { seq: IsNull() })) {
      await makeHead(manager);
      const moved = await this.dataSource.transaction((tx) => this.sealSome(tx));
      if (!moved) return head;
      head = moved;
    }
    return head;
  }

  /** In the order of their ids. One that commits late, with an older id than the last sealed, gets a later number. */
  private async sealSome(tx: EntityManager): Promise<Head | null> {
    // Read before the events: had another replica sealed some of them in between, the head would have moved.
    const before = await storedHead(tx);
    const events = await tx
      .createQueryBuilder(AuditEvent, 'event')
      .select(['event.id', 'event.mac'])
      .where('event.seq IS NULL')
      .orderBy('event.id')
      .limit(batchSize)
      .getMany();
    let head = before;
    const sealed = events.map((event) => {
      const seq = head.seq + 1;
      head = { seq, hash: this.codes.hashOf(head.hash, seq, event) };
      return { id: event.id, ...head };
    });
    if (sealed.length === 0 || !(await moveHead(tx, before, head))) return null;
    for (const link of sealed) await setLink.change(tx, link);
    return head;
  }
}
