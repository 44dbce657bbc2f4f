import { Module } from '@nestjs/common';
import { SessionsModule } from '../sessions/sessions.module.js';
import { FirstAdmin } from './first-admin.js';
import { Passwords } from './passwords.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [SessionsModule],
  controllers: [UsersController],
  providers: [UsersService, Passwords, FirstAdmin],
  exports: [UsersService, Passwords, FirstAdmin],
})
export class UsersModule {}
