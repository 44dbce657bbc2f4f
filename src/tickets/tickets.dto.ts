import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, Matches, MaxLength } from 'class-validator';
import { PageQuery } from '../http/cursor.js';
import { MayBeAbsent, StorableText } from '../http/fields.js';
import { PageView } from '../http/page-view.js';
import { PlatformName } from '../platforms/platforms.dto.js';
import type { Ticket } from './ticket.entity.js';

export const ticketNumberPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Number in the vendor's help desk. */
export const TicketNumber = (): PropertyDecorator =>
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

  @ApiPropertyOptional({ description: 'Part of the number or the note, in any case' })
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

export class TicketPage extends PageView(TicketView) {}

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
