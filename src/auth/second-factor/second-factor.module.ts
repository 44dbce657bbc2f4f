import { Module } from '@nestjs/common';
import { LoginModule } from '../login/login.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { RecoveryCodes } from './recovery-codes.js';
import { SecondFactorController } from './second-factor.controller.js';
import { SecondFactorService } from './second-factor.service.js';

@Module({
  imports: [LoginModule, SessionsModule, UsersModule],
  controllers: [SecondFactorController],
  providers: [SecondFactorService, RecoveryCodes],
})
export class SecondFactorModule {}
