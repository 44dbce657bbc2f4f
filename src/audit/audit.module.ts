import { Global, Module } from '@nestjs/common';
import { AuditSealer } from './audit-sealer.service.js';
import { AuditVerifier } from './audit-verify.service.js';
import { AuditController } from './audit.controller.js';
import { AuditService } from './audit.service.js';

@Global()
@Module({
  controllers: [AuditController],
  providers: [AuditService, AuditSealer, AuditVerifier],
  exports: [AuditService, AuditSealer, AuditVerifier],
})
export class AuditModule {}
