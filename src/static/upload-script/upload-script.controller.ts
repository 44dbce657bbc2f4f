import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Header, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { Addresses } from '../../http/addresses.js';
import { Public } from '../../http/allow.js';
import { addressedTo } from './upload-script.policy.js';

/** The customer's script, for whoever wants to send large files over bad lines, or to read it first. */
@ApiTags('uploads')
@Controller()
export class UploadScriptController {
  private readonly text = readFileSync(join(__dirname, 'upload.sh'), 'utf8');

  constructor(private readonly addresses: Addresses) {}

  @Get('upload.sh')
  @Public()
  // As text, so that a browser shows it for review.
  @Header('Content-Type', 'text/plain; charset=utf-8')
  @ApiOperation({
    summary: 'POSIX sh script that sends files and resumes after interruptions',
    description:
      'It needs only curl and coreutils or busybox: `UPLOAD_TOKEN=lct_… sh upload.sh FILE...`. ' +
      'The address that it was fetched from is in it; `UPLOAD_URL` overrides that.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  script(@Req() req: Request): string {
    return addressedTo(this.text, this.addresses.base(req));
  }
}
