import { Module } from '@nestjs/common';
import { UploadTokensModule } from '../../tickets/tokens/upload-tokens.module.js';
import { ReceiptsController } from './receipts.controller.js';
import { ReceiptsService } from './receipts.service.js';

@Module({
  imports: [UploadTokensModule],
  controllers: [ReceiptsController],
  providers: [ReceiptsService],
})
export class ReceiptsModule {}
