import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Instance } from './instance.js';

/** Gives features the open database, and this process's place among those that share it. */
@Global()
@Module({})
export class DatabaseModule {
  static of(dataSource: DataSource, instance: Instance): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        { provide: DataSource, useValue: dataSource },
        { provide: Instance, useValue: instance },
      ],
      exports: [DataSource, Instance],
    };
  }
}
