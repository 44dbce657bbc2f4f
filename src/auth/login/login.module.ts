import { Module } from '@nestjs/common';
import { AuthenticatorModule } from '../authenticator.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { LoginController } from './login.controller.js';
import { LoginService } from './login.service.js';
import { PasswordStrategy } from './password.strategy.js';

@Module({
  imports: [AuthenticatorModule, SessionsModule, UsersModule],
  controllers: [LoginController],
  providers: [LoginService, PasswordStrategy],
  exports: [LoginService],
})
export class LoginModule {}
