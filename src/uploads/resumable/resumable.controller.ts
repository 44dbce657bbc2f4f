import {
  Controller,
  Delete,
  Head,
  HttpCode,
  Options,
  Param,
  Patch,
  Post,
  Res,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiHeaders,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Config } from '../../config/config.js';
import { MethodNotAllowed } from '../../errors/errors.js';
import { customerOf } from '../../http/actor.js';
import { Addresses } from '../../http/addresses.js';
import { Allow, Caller, Public } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { idPipe } from '../../http/key.pipe.js';
import { Bulk } from '../../http/route-marks.js';
import { AppendingService } from './appending.service.js';
import { ResumableService } from './resumable.service.js';
import { TusExchange } from './tus-exchange.js';
import { meantMethod, overridable, tusBody, tusVersion } from './tus.policy.js';

const UploadId = (): ParameterDecorator => Param('id', idPipe('upload'));

const methodOf = ({ req }: Response): string =>
  meantMethod(req.method, req.get('x-http-method-override'));

const version = { name: 'Tus-Resumable', description: tusVersion, required: true };
const checksum = {
  name: 'Upload-Checksum',
  description: 'sha256 <base64> of this body; another one is 460 and the body is dropped',
};
const bytes = { schema: { type: 'string', format: 'binary' } };

/** tus 1.0.0 (https://tus.io/protocols/resumable-upload): one upload is one attempt, however many requests it takes. */
@ApiTags('resumable uploads')
@Controller('uploads')
export class ResumableController {
  constructor(
    private readonly uploads: ResumableService,
    private readonly appending: AppendingService,
    private readonly addresses: Addresses,
    private readonly config: Config,
  ) {}

  @Options()
  @Public()
  @HttpCode(204)
  @ApiOperation({ summary: 'What is spoken here' })
  @ApiNoContentResponse({
    description: 'Tus-Version, Tus-Extension, Tus-Checksum-Algorithm, Tus-Max-Size',
  })
  options(@Res() res: Response): Promise<void> {
    return this.answer(null, null, res);
  }

  @Post()
  @Allow('upload-token')
  @ApiOperation({
    summary: 'Begin a resumable upload; a body of the tus type holds its first bytes',
  })
  @ApiHeaders([
    version,
    { name: 'Upload-Length', description: 'bytes of the file' },
    { name: 'Upload-Defer-Length', description: '1: the length is said by a later PATCH' },
    { name: 'Upload-Metadata', description: 'filename <base64 of the name>' },
    { name: 'Repr-Digest', description: 'sha-256=:<base64>: that the whole file must have' },
    {
      name: 'Idempotency-Key',
      description:
        'the same key gives the same upload for 24 h; while it stands for a one-request upload under way, 409 request-in-progress',
    },
    checksum,
  ])
  @ApiConsumes(tusBody)
  @ApiBody({ ...bytes, required: false })
  @ApiCreatedResponse({ description: 'Location, Upload-Expires; with a body Upload-Offset' })
  create(@Caller() by: CallerOf, @Res() res: Response): Promise<void> {
    return this.answer(null, by, res);
  }

  @Head(':id')
  @Allow('upload-token')
  @ApiOperation({ summary: 'How far an upload has come' })
  @ApiHeader(version)
  @ApiOkResponse({
    description:
      'Upload-Offset, Upload-Length or Upload-Defer-Length, Upload-Metadata, Upload-Expires; of a stored one Archive-Id and Repr-Digest',
  })
  progress(@UploadId() id: string, @Caller() by: CallerOf, @Res() res: Response): Promise<void> {
    return this.answer(id, by, res);
  }

  @Patch(':id')
  @Allow('upload-token')
  @Bulk()
  @HttpCode(204)
  @ApiOperation({ summary: 'Send bytes from the offset on; what came before a broken line stays' })
  @ApiHeaders([
    version,
    { name: 'Upload-Offset', description: 'bytes that are there already', required: true },
    { name: 'Upload-Length', description: 'once, where the length was deferred' },
    checksum,
  ])
  @ApiConsumes(tusBody)
  @ApiBody(bytes)
  @ApiNoContentResponse({
    description: 'Upload-Offset, Upload-Expires; the finishing one Archive-Id and Repr-Digest',
  })
  append(@UploadId() id: string, @Caller() by: CallerOf, @Res() res: Response): Promise<void> {
    return this.answer(id, by, res);
  }

  @Delete(':id')
  @Allow('upload-token')
  @HttpCode(204)
  @ApiOperation({ summary: 'End an unfinished upload; its attempt is given back' })
  @ApiHeader(version)
  @ApiNoContentResponse()
  end(@UploadId() id: string, @Caller() by: CallerOf, @Res() res: Response): Promise<void> {
    return this.answer(id, by, res);
  }

  @Post(':id')
  @Allow('upload-token')
  @Bulk()
  @HttpCode(204)
  @ApiOperation({ summary: 'PATCH, HEAD or DELETE for clients that cannot send them' })
  @ApiHeaders([
    version,
    {
      name: 'X-HTTP-Method-Override',
      required: true,
      schema: { type: 'string', enum: [...overridable] },
    },
  ])
  @ApiConsumes(tusBody)
  @ApiBody({ ...bytes, required: false })
  @ApiNoContentResponse({ description: 'as of the method named' })
  override(@UploadId() id: string, @Caller() by: CallerOf, @Res() res: Response): Promise<void> {
    if (methodOf(res) === 'POST') throw new MethodNotAllowed(overridable);
    return this.answer(id, by, res);
  }

  private answer(id: string | null, by: CallerOf | null, res: Response): Promise<void> {
    const { MAX_UPLOAD_BYTES, UPLOAD_EXPIRY } = this.config;
    return new TusExchange(this.uploads, this.appending, res.req, res, {
      method: methodOf(res),
      path: `${this.addresses.prefix}/api/v1/uploads`,
      tokenId: by ? customerOf(by).tokenId : '',
      maxSize: MAX_UPLOAD_BYTES,
      expiryMs: 1000 * UPLOAD_EXPIRY,
    }).answer(id);
  }
}
