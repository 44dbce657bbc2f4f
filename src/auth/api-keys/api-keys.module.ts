import { Module } from '@nestjs/common';
import { AuthenticatorModule } from '../authenticator.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';

@Module({
  imports: [AuthenticatorModule],
  controllers: [ApiKeysController],
  providers: [ApiKeysService, ApiKeyStrategy],
})
export class ApiKeysModule {}
