import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { AuthenticatorModule } from './authenticator.js';
import { LoginModule } from './login/login.module.js';
import { PasskeysModule } from './passkeys/passkeys.module.js';
import { SecondFactorModule } from './second-factor/second-factor.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { ThrottlingModule } from '../throttling/throttling.module.js';
import { UsersModule } from './users/users.module.js';

/** Who is calling, and whether they may. Its guard judges every route of the application. */
@Module({
  imports: [
    AuthenticatorModule,
    ApiKeysModule,
    LoginModule,
    PasskeysModule,
    SecondFactorModule,
    SessionsModule,
    ThrottlingModule,
    UsersModule,
  ],
  providers: [{ provide: APP_GUARD, useClass: AccessGuard }],
  exports: [AuthenticatorModule, SessionsModule, ThrottlingModule, UsersModule],
})
export class AuthModule {}
