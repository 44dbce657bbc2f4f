import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { archiveStates } from '../archives/archives.dto.js';
import type { ArchiveState } from '../archives/archives.dto.js';
import { ways } from '../uploads/records/upload.entity.js';
import type { Way } from '../uploads/records/upload.entity.js';
import { countedTo } from './excerpt.policy.js';
import type { Excerpt } from './excerpt.policy.js';
import { outlooks } from './forecast.policy.js';
import type { Outlook } from './forecast.policy.js';

const ticketExample = { example: 'SUP-48213', description: 'number of the ticket' } as const;

/** The documented form of an excerpt of these views. */
const ExcerptView = <View>(view: Type<View>): Type<Excerpt<View>> => {
  class ExcerptOf {
    @ApiProperty({ type: [view], description: 'the first few' })
    readonly items!: readonly View[];

    @ApiProperty({ type: 'integer', maximum: countedTo, description: 'how many, counted so far' })
    readonly count!: number;

    @ApiProperty({ description: 'whether there are more than were counted' })
    readonly isMore!: boolean;
  }
  return ExcerptOf;
};

export class WaitingTicketView {
  @ApiProperty(ticketExample)
  readonly ticket!: string;
  @ApiProperty({ example: 'backup-server' })
  readonly platform!: string;
  @ApiProperty({ description: 'the beginning of it' })
  readonly note!: string;
  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
}

const uploadStates = ['sending', 'paused'] as const;

export class UploadUnderWayView {
  @ApiProperty({ format: 'uuid', description: "will be the archive's" })
  readonly id!: string;
  @ApiProperty(ticketExample)
  readonly ticket!: string;
  @ApiProperty({ type: String, nullable: true, description: 'null while it is not known' })
  readonly filename!: string | null;
  @ApiProperty({ enum: ways, description: 'how it comes; tus: a resumable upload' })
  readonly way!: Way;
  @ApiProperty({ enum: uploadStates, description: 'paused: nobody is sending it just now' })
  readonly state!: (typeof uploadStates)[number];
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'bytes that came so far; null where they cannot be told from here',
  })
  readonly bytes!: number | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'bytes that were announced; of a form with what is around the file',
  })
  readonly declaredBytes!: number | null;
  @ApiProperty({ format: 'date-time' })
  readonly beganAt!: string;
}

export class LatestArchiveView {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;
  @ApiProperty(ticketExample)
  readonly ticket!: string;
  @ApiProperty({ example: 'logs.tgz' })
  readonly filename!: string;
  @ApiProperty({ type: 'integer', description: 'bytes' })
  readonly size!: number;
  @ApiProperty({ format: 'date-time' })
  readonly uploadedAt!: string;
  @ApiProperty({ enum: archiveStates })
  readonly state!: ArchiveState;
}

export class ExpiringTokenView {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;
  @ApiProperty(ticketExample)
  readonly ticket!: string;
  @ApiProperty({ type: 'integer' })
  readonly attemptsLeft!: number;
  @ApiProperty({ format: 'date-time' })
  readonly expiresAt!: string;
}

const spentStates = ['exhausted', 'locked'] as const;

export class SpentTokenView {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;
  @ApiProperty(ticketExample)
  readonly ticket!: string;
  @ApiProperty({
    enum: spentStates,
    description: 'exhausted: no attempt is left; locked: too many uploads stored nothing',
  })
  readonly state!: (typeof spentStates)[number];
  @ApiProperty({ format: 'date-time' })
  readonly expiresAt!: string;
}

const troubleKinds = [
  'upload-failed',
  'token-locked',
  'archive-mismatched',
  'archive-damaged',
  'storage-down',
  'space-exhausted',
  'space-short',
] as const;
export type TroubleKind = (typeof troubleKinds)[number];

/** What is not as it should be. Which of the fields are set depends on its kind. */
export class TroubleView {
  @ApiProperty({
    enum: troubleKinds,
    description:
      'space-exhausted: uploads are refused; space-short: they will be within a week at the present pace',
  })
  readonly kind!: TroubleKind;
  @ApiProperty({ ...ticketExample, type: String, nullable: true })
  readonly ticket!: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  readonly archiveId!: string | null;
  @ApiProperty({ type: String, nullable: true })
  readonly filename!: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'upload-too-large',
    description: 'of a failed upload: an error code, or why it ended, as its attempt says',
  })
  readonly reason!: string | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'bytes that came of it' })
  readonly bytes!: number | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'bytes that were announced' })
  readonly declaredBytes!: number | null;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'uploads of the ticket that failed; it tells of the newest',
  })
  readonly times!: number | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly at!: string | null;
}

export class ForecastView {
  @ApiProperty({
    enum: outlooks,
    description:
      'unknown: not enough history yet; steady: it lasts for years; filling: for daysLeft; full: uploads are refused now; unbounded: an object store',
  })
  readonly outlook!: Outlook;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'whole days until no more than MIN_FREE_BYTES are free',
  })
  readonly daysLeft!: number | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'bytes stored a day, on average' })
  readonly bytesPerDay!: number | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'whole days that it looks back' })
  readonly basedOnDays!: number | null;
}

export class RoomView {
  @ApiProperty({ type: 'integer', nullable: true, description: 'bytes of the volume; null: none' })
  readonly total!: number | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'null: unreadable, or no volume' })
  readonly free!: number | null;
  @ApiProperty({ type: 'integer', description: 'MIN_FREE_BYTES: what uploads leave free' })
  readonly reserve!: number;
  @ApiProperty({ type: ForecastView })
  readonly forecast!: ForecastView;
}

class WaitingTickets extends ExcerptView(WaitingTicketView) {}
class UploadsUnderWay extends ExcerptView(UploadUnderWayView) {}
class ExpiringTokens extends ExcerptView(ExpiringTokenView) {}
class SpentTokens extends ExcerptView(SpentTokenView) {}
class Troubles extends ExcerptView(TroubleView) {}

export class OverviewView {
  @ApiProperty({ format: 'date-time', description: 'when it was so' })
  readonly at!: string;
  @ApiProperty({ description: 'whether there is a platform' })
  readonly hasPlatforms!: boolean;
  @ApiProperty({ description: 'whether there is a ticket' })
  readonly hasTickets!: boolean;
  @ApiProperty({ type: Troubles, description: 'empty where all is well' })
  readonly troubles!: Excerpt<TroubleView>;
  @ApiProperty({ type: UploadsUnderWay, description: 'those being sent first' })
  readonly uploads!: Excerpt<UploadUnderWayView>;
  @ApiProperty({
    type: WaitingTickets,
    description: 'open tickets that no archive has come for, newest first',
  })
  readonly waiting!: Excerpt<WaitingTicketView>;
  @ApiProperty({
    type: ExpiringTokens,
    description: 'tokens of open tickets that expire within 48 hours, the next one first',
  })
  readonly expiringTokens!: Excerpt<ExpiringTokenView>;
  @ApiProperty({
    type: SpentTokens,
    description: 'tokens of open tickets that take nothing more, though they have not expired',
  })
  readonly spentTokens!: Excerpt<SpentTokenView>;
  @ApiProperty({
    type: [LatestArchiveView],
    nullable: true,
    description: 'newest first; null for an API key without archives:read',
  })
  readonly archives!: readonly LatestArchiveView[] | null;
  @ApiProperty({
    type: RoomView,
    nullable: true,
    description: 'null for an API key without storage:read',
  })
  readonly room!: RoomView | null;
}

export class StoredDayView {
  @ApiProperty({ format: 'date', description: 'in UTC' })
  readonly day!: string;
  @ApiProperty({ type: 'integer', description: 'archives stored on it that are still there' })
  readonly count!: number;
  @ApiProperty({ type: 'integer', description: 'their bytes' })
  readonly bytes!: number;
}

export class StorageHistoryView {
  @ApiProperty({ type: [StoredDayView], description: 'the last 30 days and today, oldest first' })
  readonly days!: readonly StoredDayView[];
  @ApiProperty({ type: RoomView })
  readonly room!: RoomView;
}
