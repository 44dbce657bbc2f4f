import { Controller, HttpCode, Param, Post, Put, Req, Res, applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Addresses } from '../../http/addresses.js';
import { Allow, Caller } from '../../http/allow.js';
import type { CallerOf } from '../../http/allow.js';
import { FileMissing } from '../../http/transfer/transfer.errors.js';
import { digestField } from '../../secrets/digest.js';
import { ClaimReceipt } from '../side-cars/side-cars.dto.js';
import { multipartForm, rawBody } from './body-formats.js';
import { Receipt } from './intake.dto.js';
import { IntakeService } from './intake.service.js';

const isForm = (req: Request): boolean => Boolean(req.is('multipart/form-data'));

/** The headers that every way in understands. */
const ClaimHeaders = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'a retry within 24 h gives the same archive, and both cost one attempt; while the first is under way it is 409 request-in-progress',
    }),
    ApiHeader({
      name: 'Content-Digest',
      required: false,
      description: 'sha-256=:<base64>: of the file (RFC 9530)',
    }),
  );

/** A side-car's name decides which of the two it is. */
const Created = (): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(Receipt, ClaimReceipt),
    ApiCreatedResponse({
      description:
        'The file is stored. One whose name ends in .md5 or .sha256 is a side-car: it is kept as a claim about the file named without that ending, in either order, costs no attempt and is no archive',
      schema: {
        oneOf: [{ $ref: getSchemaPath(Receipt) }, { $ref: getSchemaPath(ClaimReceipt) }],
      },
    }),
  );

/**
 * Uploads that come in one request. From here to the 201 an upload passes five rooms, and comes back to none:
 * 1. this controller: how the body brings its file (body-formats.ts);
 * 2. IntakeService: what the request turns out to be, a Reception;
 * 3. AdmissionService: the refusals before the first body byte, and the lease of slot, room and attempt (UploadLease);
 * 4. UploadReception: the bytes, by a BodyTransfer into a partial blob, and their digest;
 * 5. CompletionService: fsync and rename, then one transaction, then the receipt.
 */
@ApiTags('uploads')
@Controller('archives')
export class IntakeController {
  constructor(
    private readonly intake: IntakeService,
    private readonly addresses: Addresses,
  ) {}

  @Post()
  @Allow('upload-token-or-form')
  @ClaimHeaders()
  @ApiOperation({
    summary: 'Upload one file as a form: curl -F file=@logs.tgz',
    description:
      'A browser that sends the form by itself, and so asks for text/html before JSON, is shown the answer as a page.',
  })
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
  @Created()
  async form(
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Caller() caller: CallerOf,
  ): Promise<Receipt | ClaimReceipt> {
    if (!isForm(req)) throw new FileMissing();
    return this.answer(res, await this.intake.take(req, res, caller, multipartForm));
  }

  @Put(':filename')
  @HttpCode(201)
  @Allow('upload-token')
  @ClaimHeaders()
  @ApiOperation({ summary: 'Upload one file as the body: curl -T logs.tgz' })
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Created()
  async put(
    @Param('filename') filename: string,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Caller() caller: CallerOf,
  ): Promise<Receipt | ClaimReceipt> {
    return this.answer(res, await this.intake.take(req, res, caller, rawBody('put', filename)));
  }

  @Post(':filename')
  @Allow('upload-token')
  @ClaimHeaders()
  @ApiOperation({
    summary: 'The same with POST, for collectors; a form is read as a form here too',
  })
  @ApiConsumes('application/octet-stream', 'multipart/form-data')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Created()
  async post(
    @Param('filename') filename: string,
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Caller() caller: CallerOf,
  ): Promise<Receipt | ClaimReceipt> {
    return isForm(req)
      ? this.answer(res, await this.intake.take(req, res, caller, multipartForm))
      : this.answer(res, await this.intake.take(req, res, caller, rawBody('post', filename)));
  }

  private answer(res: Response, receipt: Receipt | ClaimReceipt): Receipt | ClaimReceipt {
    if (!('id' in receipt)) return receipt;
    res.setHeader('Location', `${this.addresses.prefix}/api/v1/archives/${receipt.id}`);
    res.setHeader('Repr-Digest', digestField(receipt.sha256));
    return receipt;
  }
}
