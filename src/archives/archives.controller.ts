import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, Caller, Unattended } from '../http/allow.js';
import type { CallerOf } from '../http/allow.js';
import { idPipe } from '../http/key.pipe.js';
import { ArchiveDeletion } from './archive-deletion.service.js';
import { ArchivePage, ArchiveQuery, ArchiveView, StorageView } from './archives.dto.js';
import { ArchivesService } from './archives.service.js';

@Controller()
export class ArchivesController {
  constructor(
    private readonly archives: ArchivesService,
    private readonly deletion: ArchiveDeletion,
  ) {}

  @Get('archives')
  @Allow('archives:read')
  @ApiTags('archives')
  @ApiOkResponse({ type: ArchivePage })
  list(@Query() query: ArchiveQuery): Promise<ArchivePage> {
    return this.archives.list(query);
  }

  @Get('archives/:id')
  @Allow('archives:read')
  @ApiTags('archives')
  @ApiOkResponse({ type: ArchiveView })
  get(@Param('id', idPipe('archive')) id: string): Promise<ArchiveView> {
    return this.archives.get(id);
  }

  @Delete('archives/:id')
  @Allow('archives:delete')
  @HttpCode(204)
  @ApiTags('archives')
  @ApiOperation({ summary: 'Delete an archive and its bytes' })
  @ApiNoContentResponse()
  delete(@Param('id', idPipe('archive')) id: string, @Caller() caller: CallerOf): Promise<void> {
    return this.deletion.delete(id, caller);
  }

  @Get('storage')
  // The page about it asks again and again.
  @Unattended()
  @Allow('storage:read')
  @ApiTags('storage')
  @ApiOkResponse({ type: StorageView })
  storage(): Promise<StorageView> {
    return this.archives.storage();
  }
}
