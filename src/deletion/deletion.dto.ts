import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { MayBeAbsent, QueryFlag } from '../http/fields.js';

export class DeletePlatformQuery {
  @ApiPropertyOptional({ description: 'Delete its tickets, tokens and archives too' })
  @MayBeAbsent()
  @QueryFlag()
  @IsBoolean()
  readonly cascade?: boolean;
}
