import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, Not } from 'typeorm';
import { User } from '../auth/accounts/user.entity.js';
import { EventsService } from '../events/events.service.js';
import type { Actor } from '../http/actor.js';
import { Keyring } from '../secrets/secrets.js';
import { isKeyOf } from './restore.js';
import type { Snapshot } from './restore.js';

/** What follows a restore, in the restored service. */
@Injectable()
export class RestoredService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keyring: Keyring,
    private readonly events: EventsService,
  ) {}

  /**
   * Records the restore, after which the audit says what was before the backup and not what came between. With another
   * SECRET_KEY it is not recorded: once the right one is back, its code would look forged.
   * @returns names of those whose authenticator app cannot be asked for that reason; null where the key is right
   */
  async settle(
    snapshot: Snapshot,
    actor: Actor,
    details: { readonly archives: number; readonly bytes: number },
  ): Promise<readonly string[] | null> {
    if (isKeyOf(snapshot, this.keyring)) {
      await this.dataSource.transaction((tx) =>
        this.events.record(tx, actor, {
          name: 'backup.restored',
          subject: { kind: 'backup', id: snapshot.name },
          details,
        }),
      );
      return null;
    }
    const users = await this.dataSource.manager.find(User, {
      where: { totpSecret: Not(IsNull()) },
      order: { usernameKey: 'ASC' },
    });
    return users.map(({ username }) => username);
  }
}
