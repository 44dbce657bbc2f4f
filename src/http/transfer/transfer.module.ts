import { Module } from '@nestjs/common';
import { BodyTransfers } from './body-transfer.js';

/** One pass over the bytes of a request. */
@Module({ providers: [BodyTransfers], exports: [BodyTransfers] })
export class TransferModule {}
