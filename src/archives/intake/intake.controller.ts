import { Controller, HttpCode, Param, Post, Put, Req, Res, applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { digestField } from '../../secrets/digest.js';
import { formBody, maxBytesBeforeFile, rawBody } from './body-readers.js';
import { FileMissing } from './intake.errors.js';
import { Receipt } from './intake.dto.js';
import { IntakeService } from './intake.service.js';

const isForm = (req: Request): boolean => Boolean(req.is('multipart/form-data'));

/** The headers that every way in understands. */
const ClaimHeaders = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'a retry within 24 h gives the same archive and costs one attempt',
    }),
    ApiHeader({
      name: 'Content-Digest',
      required: false,
      description: 'sha-256=:<base64>: of the file (RFC 9530)',
    }),
  );

@ApiTags('uploads')
@Controller('archives')
export class IntakeController {
  constructor(private readonly intake: IntakeService) {}

  @Post()
  @Allow('upload-token-or-form')
  @ClaimHeaders()
  @ApiOperation({ summary: 'Upload one file as a form: curl -F file=@logs.tgz' })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      required: ['file'],
      properties: {
        token: {
          type: 'string',
          description: 'the upload token, before the file, where no header can be set',
        },
        file: { type: 'string', format: 'binary' },
      },
    },
  })
  @ApiCreatedResponse({ type: Receipt })
  async form(
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Caller() caller: CallerOf,
  ): Promise<Receipt> {
    if (!isForm(req)) throw new FileMissing();
    return answer(res, await this.intake.take(req, res, caller, formBody, maxBytesBeforeFile));
  }

  @Put(':filename')
  @HttpCode(201)
  @Allow('upload-token')
  @ClaimHeaders()
  @ApiOperation({ summary: 'Upload one file as the body: curl -T logs.tgz' })
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiCreatedResponse({ type: Receipt })
  async put(
    @Param('filename') filename: string,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Caller() caller: CallerOf,
  ): Promise<Receipt> {
    return answer(res, await this.intake.take(req, res, caller, rawBody(filename), 0));
  }

  @Post(':filename')
  @Allow('upload-token')
  @ClaimHeaders()
  @ApiOperation({
    summary: 'The same with POST, for collectors; a form is read as a form here too',
  })
  @ApiConsumes('application/octet-stream', 'multipart/form-data')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiCreatedResponse({ type: Receipt })
  async post(
    @Param('filename') filename: string,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Caller() caller: CallerOf,
  ): Promise<Receipt> {
    return isForm(req)
      ? answer(res, await this.intake.take(req, res, caller, formBody, maxBytesBeforeFile))
      : answer(res, await this.intake.take(req, res, caller, rawBody(filename), 0));
  }
}

const answer = (res: Response, receipt: Receipt): Receipt => {
  res.setHeader('Location', `/api/v1/archives/${receipt.id}`);
  res.setHeader('Repr-Digest', digestField(receipt.sha256));
  return receipt;
};
