import { Module } from '@nestjs/common';
import { UploadScriptController } from './upload-script.controller.js';

@Module({ controllers: [UploadScriptController] })
export class UploadScriptModule {}
