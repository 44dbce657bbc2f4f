import { Module } from '@nestjs/common';
import { AuthenticatorModule } from '../../auth/authenticator.js';
import { TicketsModule } from '../tickets.module.js';
import { UploadTokenStrategy } from './upload-token.strategy.js';
import { UploadTokensController } from './upload-tokens.controller.js';
import { UploadTokensService } from './upload-tokens.service.js';

@Module({
  imports: [AuthenticatorModule, TicketsModule],
  controllers: [UploadTokensController],
  providers: [UploadTokensService, UploadTokenStrategy],
  exports: [UploadTokensService],
})
export class UploadTokensModule {}
