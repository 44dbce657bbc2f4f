import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import type { Actor } from '../http/actor.js';
import { PageQuery } from '../http/cursor.js';
import { MayBeAbsent, StorableText } from '../http/fields.js';
import { PageView } from '../http/page-view.js';
import type { AuditEvent } from './audit-event.entity.js';
import { actions } from './audit.actions.js';
import type { Action } from './audit.actions.js';

export class AuditQuery extends PageQuery {
  @MayBeAbsent()
  @IsIn(actions)
  @ApiPropertyOptional({ enum: actions })
  readonly action?: Action;

  @MayBeAbsent()
  @Length(1, 64)
  @StorableText()
  @ApiPropertyOptional({ description: 'Id of what it was done to', maxLength: 64 })
  readonly subject?: string;

  @MayBeAbsent()
  @Length(1, 128)
  @StorableText()
  @ApiPropertyOptional({ description: 'Id or name of who did it', maxLength: 128 })
  readonly actor?: string;
}

const actorKinds = [
  'person',
  'integration',
  'customer',
  'stranger',
  'system',
] as const satisfies readonly Actor['kind'][];

export class AuditActorView {
  @ApiProperty({ enum: actorKinds })
  readonly kind!: Actor['kind'];
  @ApiProperty({ type: 'string', nullable: true })
  readonly id!: string | null;
  @ApiProperty({ example: 'ann', description: 'Name at that time' })
  readonly name!: string;
}

export class AuditSubjectView {
  @ApiProperty({ example: 'user' })
  readonly kind!: string;
  @ApiProperty({ type: 'string', nullable: true })
  readonly id!: string | null;
}

export class AuditEventView {
  @ApiProperty({ example: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10' })
  readonly id!: string;
  @ApiProperty({ format: 'date-time' })
  readonly at!: string;
  @ApiProperty({ type: AuditActorView })
  readonly actor!: AuditActorView;
  @ApiProperty({ enum: actions })
  readonly action!: string;
  @ApiProperty({ type: AuditSubjectView })
  readonly subject!: AuditSubjectView;
  @ApiProperty({ type: 'string', nullable: true, example: '192.0.2.7' })
  readonly address!: string | null;
  @ApiProperty({ type: 'string', nullable: true })
  readonly requestId!: string | null;
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { username: 'ann' },
  })
  readonly details!: AuditEvent['details'];
  @ApiProperty({
    type: 'integer',
    nullable: true,
    example: 48213,
    description: 'Number in the chain of events; null until it is sealed, about a second later',
  })
  readonly seq!: number | null;
  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'Ties it to the event before: `audit verify --head <seq>:<hash>` asks for it',
  })
  readonly hash!: string | null;
}

export class AuditPage extends PageView(AuditEventView) {}

export const auditEventView = (event: AuditEvent): AuditEventView => ({
  id: event.id,
  at: event.at.toISOString(),
  actor: { kind: event.actorKind, id: event.actorId, name: event.actorName },
  action: event.action,
  subject: { kind: event.subjectKind, id: event.subjectId },
  address: event.address,
  requestId: event.requestId,
  details: event.details,
  seq: event.seq,
  hash: event.hash,
});
