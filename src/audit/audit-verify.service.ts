import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { SelectQueryBuilder } from 'typeorm';
import { Keyring } from '../secrets/secrets.js';
import { AuditEvent } from './audit-event.entity.js';
import { ChainCheck } from './chain-check.policy.js';
import type { Finding, Sealed } from './chain-check.policy.js';
import { storedHead } from './chain-head.js';
import { ChainCodes, said } from './chain.policy.js';
import type { Head } from './chain.policy.js';

/** Events in memory at once. */
const pageSize = 500;

export interface Verified {
  readonly events: number;
  readonly unsealed: number;
  readonly findings: number;
  /** Where the chain ends. */
  readonly head: Head;
}

/** Goes through the whole audit, in bounded memory, while it may be written to. */
@Injectable()
export class AuditVerifier {
  private readonly codes: ChainCodes;

  constructor(
    private readonly dataSource: DataSource,
    keyring: Keyring,
  ) {
    this.codes = new ChainCodes((purpose) => keyring.macs(purpose));
  }

  /** @param heads `from`: the event to begin after; `head`: a head that was written down elsewhere */
  async verify(
    heads: { readonly from?: Head | undefined; readonly head?: Head | undefined },
    onFinding: (finding: Finding) => void,
  ): Promise<Verified> {
    const check = new ChainCheck(this.codes, heads.from, heads.head);
    let [events, unsealed, findings] = [0, 0, 0];
    const found = (some: readonly Finding[]): void => {
      findings += some.length;
      some.forEach(onFinding);
    };
    let after: Sealed | null = null;
    let stored: Head;
    for (;;) {
      const page: readonly Sealed[] = await this.sealedAfter(after, heads.from);
      for (const event of page) found(check.add(event));
      events += page.length;
      after = page.at(-1) ?? after;
      if (page.length > 0) continue;
      stored = await storedHead(this.dataSource.manager);
      // Sealed meanwhile, in the transaction that moved the head: they are there now.
      if (stored.seq <= check.head.seq || !(await this.isMoreAfter(after, heads.from))) break;
    }
    found(check.end(stored));
    for (let last = ''; ;) {
      const page = await this.unsealedAfter(last);
      for (const event of page) found(check.addUnsealed(event));
      unsealed += page.length;
      last = page.at(-1)?.id ?? last;
      if (page.length === 0) return { events, unsealed, findings, head: check.head };
    }
  }

  /** Whether this SECRET_KEY is the one that the newest event was written with; true where there is none yet. */
  async isKeyOfNewest(): Promise<boolean> {
    const [newest] = await this.rows().orderBy('event.id', 'DESC').limit(1).getRawMany<Sealed>();
    return !newest || this.codes.macOf(newest) === newest.mac;
  }

  /** As the database holds them: an entity would hide what was done to a column. */
  private rows(): SelectQueryBuilder<AuditEvent> {
    const rows = this.dataSource.createQueryBuilder(AuditEvent, 'event').select([]);
    for (const name of [...said, 'mac', 'seq', 'hash']) rows.addSelect(`event.${name}`, name);
    return rows.limit(pageSize);
  }

  /** From the very first, also where its number is no number that the sealer gives. */
  private async sealedAfter(after: Sealed | null, from?: Head): Promise<readonly Sealed[]> {
    const rows = this.rows().where('event.seq IS NOT NULL');
    const least = after?.seq ?? from?.seq;
    if (least !== undefined) rows.andWhere('event.seq >= :least', { least });
    // By id as well, should the unique index be gone.
    if (after) rows.andWhere('NOT (event.seq = :least AND event.id <= :id)', { id: after.id });
    return rows.orderBy('event.seq').addOrderBy('event.id').getRawMany<Sealed>();
  }

  private async isMoreAfter(after: Sealed | null, from?: Head): Promise<boolean> {
    return (await this.sealedAfter(after, from)).length > 0;
  }

  private async unsealedAfter(id: string): Promise<readonly Omit<Sealed, 'seq' | 'hash'>[]> {
    return this.rows()
      .where('event.seq IS NULL AND event.id > :id', { id })
      .orderBy('event.id')
      .getRawMany();
  }
}
