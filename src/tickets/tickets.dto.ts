import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, Matches, MaxLength, ValidateBy } from 'class-validator';
import { searchable } from '../database/search.js';
import { PageQuery } from '../http/cursor.js';
import { InstantText, MayBeAbsent, StorableText } from '../http/fields.js';
import { PageView } from '../http/page-view.js';
import { PlatformName } from '../platforms/platforms.dto.js';
import { nameFoundBy } from './filenames.policy.js';
import type { Ticket } from './ticket.entity.js';

export const ticketNumberPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Number in the vendor's help desk. */
const TicketNumber = (): PropertyDecorator =>
  applyDecorators(
    Matches(ticketNumberPattern, {
      message: 'must be 1 to 64 of A-Z, a-z, 0-9 . _ -, and begin with a letter or digit',
    }),
    ApiProperty({ example: 'SUP-48213', pattern: ticketNumberPattern.source }),
  );

const Note = (): PropertyDecorator =>
  applyDecorators(
    MayBeAbsent(),
    MaxLength(4000),
    StorableText(),
    ApiPropertyOptional({ example: 'Restore fails after the update', maxLength: 4000 }),
  );

/** The ticket's own part of opening one. */
export class NewTicket {
  @PlatformName()
  readonly platform!: string;

  @TicketNumber()
  readonly number!: string;

  @Note()
  readonly note?: string;
}

export class ChangeTicket {
  @ApiPropertyOptional({ description: 'A resolved ticket takes no uploads until it is reopened' })
  @MayBeAbsent()
  @IsBoolean()
  readonly resolved?: boolean;

  @Note()
  readonly note?: string;
}

/** A range that holds no moment finds nothing, which nobody means. */
const BeforeItsEnd = (): PropertyDecorator =>
  ValidateBy({
    name: 'beforeItsEnd',
    validator: {
      validate: (after: unknown, args) => {
        const before = (args?.object as TicketQuery | undefined)?.createdBefore;
        // What is no moment at all is refused by itself.
        return before === undefined || !(Date.parse(String(after)) >= Date.parse(before));
      },
      defaultMessage: () => 'createdAfter must be before createdBefore',
    },
  });

export class TicketQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Name of a platform' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(63)
  @StorableText()
  readonly platform?: string;

  @ApiPropertyOptional({ enum: ['open', 'resolved'] })
  @MayBeAbsent()
  @IsIn(['open', 'resolved'])
  readonly state?: 'open' | 'resolved';

  @ApiPropertyOptional({
    enum: ['none', 'some'],
    description: 'none: tickets for which nothing has been sent, or is kept any more',
  })
  @MayBeAbsent()
  @IsIn(['none', 'some'])
  readonly archives?: 'none' | 'some';

  @ApiPropertyOptional({
    format: 'date-time',
    example: '2026-11-14T00:00:00Z',
    description: 'Made at this moment or later; before createdBefore, where both are given',
  })
  @MayBeAbsent()
  @InstantText()
  @BeforeItsEnd()
  readonly createdAfter?: string;

  @ApiPropertyOptional({
    format: 'date-time',
    example: '2026-11-21T00:00:00Z',
    description: 'Made before this moment',
  })
  @MayBeAbsent()
  @InstantText()
  readonly createdBefore?: string;

  @ApiPropertyOptional({
    description: 'Part of the number, of the note or of the filename of an archive, in any case',
  })
  @MayBeAbsent()
  @MaxLength(200)
  @StorableText()
  readonly q?: string;
}

export class ArchiveTotals {
  @ApiProperty({ type: 'integer' })
  readonly count!: number;
  @ApiProperty({ type: 'integer', description: 'bytes' })
  readonly bytes!: number;
}

export class TicketView {
  @ApiProperty({ example: 'SUP-48213' })
  readonly number!: string;
  @ApiProperty({ example: 'backup-server' })
  readonly platform!: string;
  @ApiProperty()
  readonly resolved!: boolean;
  @ApiProperty({ example: 'Restore fails after the update' })
  readonly note!: string;
  @ApiProperty({ example: 'ann' })
  readonly createdBy!: string;
  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
  @ApiProperty({ format: 'date-time' })
  readonly updatedAt!: string;
  @ApiProperty({ type: ArchiveTotals })
  readonly archives!: ArchiveTotals;
}

export class FoundTicket extends TicketView {
  @ApiProperty({
    type: 'string',
    nullable: true,
    example: 'logs.tgz',
    description: 'The newest filename that q fits, where neither the number nor the note does',
  })
  readonly matchedFilename!: string | null;
}

export class TicketPage extends PageView(FoundTicket) {}

/** @param ticket with its platform loaded */
export const ticketView = (ticket: Ticket): TicketView => ({
  number: ticket.number,
  platform: ticket.platform?.name ?? '',
  resolved: ticket.resolved,
  note: ticket.note,
  createdBy: ticket.createdBy,
  createdAt: ticket.createdAt.toISOString(),
  updatedAt: ticket.updatedAt.toISOString(),
  archives: { count: ticket.archiveCount, bytes: ticket.archiveBytes },
});

/** @param ticket with its platform and, where something was searched for, its filenames loaded */
export const foundTicket = (ticket: Ticket, q: string | undefined): FoundTicket => ({
  ...ticketView(ticket),
  matchedFilename:
    q && !ticket.search.includes(searchable(q)) ? nameFoundBy(q, ticket.filenames ?? '') : null,
});
