import { Module } from '@nestjs/common';
import { AttemptsModule } from './attempts/attempts.module.js';
import { IntakeModule } from './intake/intake.module.js';
import { RecordsModule } from './records/records.module.js';
import { ResumableModule } from './resumable/resumable.module.js';
import { SideCarsModule } from './side-cars/side-cars.module.js';

/**
 * One module for each folder. Imports point one way:
 * records < side-cars < intake < resumable; attempts stand on records.
 */
const rooms = [RecordsModule, SideCarsModule, IntakeModule, AttemptsModule, ResumableModule];

@Module({ imports: rooms, exports: rooms })
export class UploadsModule {}
