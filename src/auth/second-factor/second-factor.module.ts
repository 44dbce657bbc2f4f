import { Module } from '@nestjs/common';
import { LoginModule } from '../login/login.module.js';
import { PasskeyProofsModule } from '../passkey-proofs/passkey-proofs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { Codes } from './codes.service.js';
import { ProveAgain } from './prove-again.service.js';
import { RecoveryCodes } from './recovery-codes.js';
import { SecondFactorController } from './second-factor.controller.js';
import { SecondFactorService } from './second-factor.service.js';

@Module({
  imports: [LoginModule, PasskeyProofsModule, SessionsModule, UsersModule],
  controllers: [SecondFactorController],
  providers: [SecondFactorService, Codes, ProveAgain, RecoveryCodes],
  exports: [ProveAgain, RecoveryCodes],
})
export class SecondFactorModule {}
