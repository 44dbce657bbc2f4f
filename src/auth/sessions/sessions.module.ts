import { Module } from '@nestjs/common';
import { AuthenticatorModule } from '../authenticator.js';
import { ThrottlingModule } from '../../throttling/throttling.module.js';
import { SessionCookie } from './session.cookie.js';
import { SessionStrategy } from './session.strategy.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [AuthenticatorModule, ThrottlingModule],
  controllers: [SessionsController],
  providers: [SessionsService, SessionCookie, SessionStrategy],
  exports: [SessionsService, SessionCookie, ThrottlingModule],
})
export class SessionsModule {}
