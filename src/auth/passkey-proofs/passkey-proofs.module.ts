import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.js';
import { PasskeyChallenges } from './passkey-challenges.service.js';
import { PasskeyProofs } from './passkey-proofs.service.js';

/** Judging passkeys: below the second factor, which may be proved by one, and below their enrolment. */
@Module({
  imports: [SessionsModule],
  providers: [PasskeyChallenges, PasskeyProofs],
  exports: [PasskeyChallenges, PasskeyProofs],
})
export class PasskeyProofsModule {}
