import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { actorOf, personOf } from '../../http/actor.js';
import { Addresses } from '../../http/addresses.js';
import { Allow, Caller, Public } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { idPipe } from '../../http/key.pipe.js';
import { DownloadLinks } from './download-links.service.js';
import { DownloadLinkView } from './downloads.dto.js';
import { DownloadsService } from './downloads.service.js';

const archiveKey = idPipe('archive');
const binary = {
  description:
    'The bytes; 206 with Content-Range for a Range. The ETag is the SHA-256; If-Match, If-None-Match and If-Range are heeded',
  content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
} as const;

/** Only a person at AAL2 gets an archive's content, here or by a link that one made. GET answers HEAD too. */
@ApiTags('archives')
@Controller()
export class DownloadsController {
  constructor(
    private readonly downloads: DownloadsService,
    private readonly links: DownloadLinks,
    private readonly addresses: Addresses,
  ) {}

  @Get('archives/:id/content')
  @Allow('engineer')
  @ApiOperation({ summary: 'Download an archive' })
  @ApiOkResponse(binary)
  content(
    @Param('id', archiveKey) id: string,
    @Caller() caller: CallerOf,
    @Req() req: Request,
    @Res() res: Response,
  ): Promise<void> {
    return this.downloads.send(req, res, id, actorOf(caller));
  }

  @Post('archives/:id/download-link')
  @Allow('engineer')
  @ApiOperation({ summary: 'Make a link that downloads once, within five minutes' })
  @ApiCreatedResponse({ type: DownloadLinkView })
  createLink(
    @Param('id', archiveKey) id: string,
    @Caller() caller: CallerOf,
    @Req() req: Request,
  ): Promise<DownloadLinkView> {
    return this.links.create(id, personOf(caller), this.addresses.base(req));
  }

  @Get('downloads/:link')
  @Public()
  @ApiOperation({ summary: 'Download by a link; the link is the credential, and works once' })
  @ApiOkResponse(binary)
  byLink(@Param('link') link: string, @Req() req: Request, @Res() res: Response): Promise<void> {
    return this.downloads.sendByLink(req, res, link);
  }
}
