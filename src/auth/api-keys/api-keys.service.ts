import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { NotFound, ValidationFailed } from '../../errors/errors.js';
import { EventsService } from '../../events/events.service.js';
import { actorOf } from '../../http/actor.js';
import type { CallerOf, Integration } from '../../http/allow.js';
import { pageOf } from '../../http/pages.js';
import type { Page, PageQuery } from '../../http/cursor.js';
import { newId, newSecret, sha256 } from '../../secrets/secrets.js';
import { ApiKey } from './api-key.entity.js';
import { apiKeyView, createdApiKeyView, scopesOf } from './api-keys.dto.js';
import type { ApiKeyView, CreateApiKey, CreatedApiKeyView } from './api-keys.dto.js';
import { ApiKeyUnknown } from './api-keys.errors.js';

const minuteMs = 60_000;

@Injectable()
export class ApiKeysService {
  private readonly log = new Logger('ApiKeys');

  constructor(
    private readonly dataSource: DataSource,
    private readonly events: EventsService,
  ) {}

  async list(query: PageQuery): Promise<Page<ApiKeyView>> {
    const rows = this.dataSource.createQueryBuilder(ApiKey, 'key');
    return pageOf(rows, query, apiKeyView);
  }

  /** The only answer that ever holds the key. @throws ValidationFailed where it would be dead already */
  async create(
    { name, scopes, expiresAt }: CreateApiKey,
    caller: CallerOf,
  ): Promise<CreatedApiKeyView> {
    const now = new Date();
    const end = expiresAt === undefined ? null : new Date(expiresAt);
    // Not "end <= now": a date that cannot be read compares as false both ways.
    if (end !== null && !(end > now))
      throw new ValidationFailed([
        { field: 'expiresAt', message: 'expiresAt must be a moment in the future' },
      ]);
    const value = newSecret('lck_');
    const actor = actorOf(caller);
    const key: ApiKey = {
      id: newId(),
      name,
      hash: sha256(value),
      scopes: scopes.join(' '),
      expiresAt: end,
      lastUsedAt: null,
      createdBy: actor.name,
      createdAt: now,
    };
    await this.dataSource.transaction(async (tx) => {
      await tx.insert(ApiKey, key);
      await this.events.record(tx, actor, {
        name: 'api_key.created',
        subject: { kind: 'api-key', id: key.id },
        details: { name, scopes: key.scopes, expiresAt: end?.toISOString() ?? null },
      });
    });
    return createdApiKeyView(key, value);
  }

  /** The key is dead on its next request. @throws NotFound */
  async remove(id: string, caller: CallerOf): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      const key = await tx.findOneBy(ApiKey, { id });
      const { affected } = await tx.delete(ApiKey, { id });
      if (!key || affected !== 1) throw new NotFound('API key');
      await this.events.record(tx, actorOf(caller), {
        name: 'api_key.deleted',
        subject: { kind: 'api-key', id },
        details: { name: key.name },
      });
    });
  }

  /** @param value in the form of a key @throws ApiKeyUnknown */
  async prove(value: string, now: Date): Promise<Integration> {
    const key = await this.dataSource.manager.findOneBy(ApiKey, { hash: sha256(value) });
    if (!key || (key.expiresAt !== null && key.expiresAt <= now)) throw new ApiKeyUnknown();
    this.markUsed(key, now);
    return { kind: 'integration', keyId: key.id, name: key.name, scopes: scopesOf(key) };
  }

  /** Once a minute at most, and the request does not wait for it. */
  private markUsed({ id, lastUsedAt }: ApiKey, now: Date): void {
    const minute = new Date(Math.floor(now.getTime() / minuteMs) * minuteMs);
    if (lastUsedAt !== null && lastUsedAt >= minute) return;
    this.dataSource.manager
      .update(ApiKey, { id }, { lastUsedAt: minute })
      .catch((cause: unknown) => this.log.warn({ event: 'api-key.use-not-written', err: cause }));
  }
}
