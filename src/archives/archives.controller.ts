import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Allow, Unattended } from '../http/allow.js';
import { idPipe } from '../http/key.pipe.js';
import { ArchivePage, ArchiveQuery, ArchiveView, StorageView } from './archives.dto.js';
import { ArchivesService } from './archives.service.js';

@Controller()
export class ArchivesController {
  constructor(private readonly archives: ArchivesService) {}

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
