import { Module } from '@nestjs/common';
import { UploadTokensModule } from '../../tickets/tokens/upload-tokens.module.js';
import { ReadBack } from './read-back.service.js';
import { SideCarsService } from './side-cars.service.js';

@Module({
  imports: [UploadTokensModule],
  providers: [ReadBack, SideCarsService],
  exports: [ReadBack, SideCarsService],
})
export class SideCarsModule {}
