import { Module } from '@nestjs/common';
import { AuthenticatorModule } from '../authenticator.js';
import { FailuresService } from './failures.service.js';
import { SessionCookie } from './session.cookie.js';
import { SessionStrategy } from './session.strategy.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsSchedule } from './sessions.schedule.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [AuthenticatorModule],
  controllers: [SessionsController],
  providers: [SessionsSchedule, SessionsService, SessionCookie, SessionStrategy, FailuresService],
  exports: [SessionsService, SessionCookie, FailuresService],
})
export class SessionsModule {}
