import { Module } from '@nestjs/common';
import { AuthenticatorModule } from '../auth/authenticator.js';
import { PlatformsModule } from '../platforms/platforms.module.js';
import { TicketDeletion } from './ticket-deletion.service.js';
import { TicketOpening } from './ticket-opening.service.js';
import { TicketsController } from './tickets.controller.js';
import { TicketsService } from './tickets.service.js';
import { UploadTokenStrategy } from './tokens/upload-token.strategy.js';
import { UploadTokensController } from './tokens/upload-tokens.controller.js';
import { UploadTokensService } from './tokens/upload-tokens.service.js';

@Module({
  imports: [AuthenticatorModule, PlatformsModule],
  controllers: [TicketsController, UploadTokensController],
  providers: [
    TicketDeletion,
    TicketOpening,
    TicketsService,
    UploadTokenStrategy,
    UploadTokensService,
  ],
  exports: [TicketDeletion, TicketsService, UploadTokensService],
})
export class TicketsModule {}
