import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { Page } from './cursor.js';

/** The documented form of a page of views. */
export const PageView = <View>(view: Type<View>): Type<Page<View>> => {
  class PageOf {
    @ApiProperty({ type: [view] })
    readonly items!: readonly View[];

    @ApiProperty({ type: 'string', nullable: true, description: 'cursor of the next page' })
    readonly nextCursor!: string | null;
  }
  return PageOf;
};
