import { Initial1763640000000 } from '../migrations/1763640000000-initial.js';
import { Jobs1764500000000 } from '../migrations/1764500000000-jobs.js';
import { Blobs1764540000000 } from '../migrations/1764540000000-blobs.js';
import { ApiKey } from './auth/api-keys/api-key.entity.js';
import { PasskeyChallenge } from './auth/passkey-proofs/passkey-challenge.entity.js';
import { Passkey } from './auth/accounts/passkey.entity.js';
import { RecoveryCode } from './auth/accounts/recovery-code.entity.js';
import { AuthFailure } from './throttling/auth-failure.entity.js';
import { Session } from './auth/sessions/session.entity.js';
import { SourceWindow } from './throttling/source-window.entity.js';
import { User } from './auth/accounts/user.entity.js';
import { Archive } from './archives/archive.entity.js';
import { Attempt } from './uploads/records/attempt.entity.js';
import { DownloadLink } from './archives/downloads/download-link.entity.js';
import { Upload } from './uploads/records/upload.entity.js';
import { DigestClaim } from './uploads/side-cars/digest-claim.entity.js';
import { BlobRecord } from './storage/blobs/blob-record.entity.js';
import { Tombstone } from './storage/blobs/tombstone.entity.js';
import { AuditEvent } from './audit/audit-event.entity.js';
import type { Schema } from './database/data-source.js';
import { Setting } from './database/setting.entity.js';
import { Job } from './jobs/job.entity.js';
import { PeriodicWork } from './jobs/periodic-work.entity.js';
import { Platform } from './platforms/platform.entity.js';
import { Ticket } from './tickets/ticket.entity.js';
import { UploadToken } from './tickets/tokens/upload-token.entity.js';

/** All tables and all migrations, oldest first. */
export const schema: Schema = {
  entities: [
    ApiKey,
    Archive,
    Attempt,
    AuditEvent,
    AuthFailure,
    BlobRecord,
    DigestClaim,
    DownloadLink,
    Job,
    Passkey,
    PasskeyChallenge,
    PeriodicWork,
    Platform,
    RecoveryCode,
    Session,
    Setting,
    SourceWindow,
    Ticket,
    Tombstone,
    Upload,
    UploadToken,
    User,
  ],
  migrations: [Initial1763640000000, Jobs1764500000000, Blobs1764540000000],
};
