import { Module } from '@nestjs/common';
import { UploadTokensModule } from '../../tickets/tokens/upload-tokens.module.js';
import { RecordsModule } from '../records/records.module.js';
import { AttemptsController } from './attempts.controller.js';
import { AttemptsService } from './attempts.service.js';
import { ReceivedService } from './received.service.js';

@Module({
  imports: [RecordsModule, UploadTokensModule],
  controllers: [AttemptsController],
  providers: [AttemptsService, ReceivedService],
  exports: [ReceivedService],
})
export class AttemptsModule {}
