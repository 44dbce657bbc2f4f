import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Keyring } from './secrets.js';

@Global()
@Module({})
export class SecretsModule {
  /** @param secretKey SECRET_KEY, given or generated */
  static of(secretKey: string): DynamicModule {
    return {
      module: SecretsModule,
      providers: [{ provide: Keyring, useFactory: () => new Keyring(secretKey) }],
      exports: [Keyring],
    };
  }
}
