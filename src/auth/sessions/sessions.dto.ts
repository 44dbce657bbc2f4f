import { ApiProperty } from '@nestjs/swagger';
import type { Method, Person, Role } from '../../http/allow.js';
import type { Session } from './session.entity.js';
import { secondFactorOf } from './session.policy.js';
import type { SecondFactorState } from './session.policy.js';

export class SignedInUser {
  @ApiProperty({ example: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10' })
  readonly id!: string;
  @ApiProperty({ example: 'ann' })
  readonly username!: string;
  @ApiProperty({ enum: ['engineer', 'admin'] })
  readonly role!: Role;
}

/** Who is signed in, and how far. */
export class SessionView {
  @ApiProperty({ type: SignedInUser })
  readonly user!: SignedInUser;
  @ApiProperty({
    enum: [1, 2],
    description: '1: password alone; 2: password and second factor (NIST SP 800-63B)',
  })
  readonly aal!: 1 | 2;
  @ApiProperty({
    enum: ['enrol', 'verify', 'done'],
    description:
      'What is left to do: enrol by POST /auth/totp or /auth/passkeys, prove by one of `methods`, or nothing',
  })
  readonly secondFactor!: SecondFactorState;
  @ApiProperty({
    enum: ['totp', 'passkey', 'recovery'],
    isArray: true,
    description:
      'By what the person can prove more than the password; empty before a second factor is enrolled. ' +
      'Whether a recovery code is left is not told',
  })
  readonly methods!: readonly Method[];
}

export const sessionView = (
  person: Pick<Person, 'userId' | 'username' | 'role' | 'aal' | 'hasSecondFactor' | 'methods'>,
): SessionView => ({
  user: { id: person.userId, username: person.username, role: person.role },
  aal: person.aal,
  secondFactor: secondFactorOf(person),
  methods: person.methods,
});

/** One of the caller's own sessions. */
export class OwnSessionView {
  @ApiProperty({ description: 'Names the session; opens nothing', example: 'a3f1…', maxLength: 64 })
  readonly id!: string;
  @ApiProperty({ example: '192.0.2.7' })
  readonly address!: string;
  @ApiProperty({ example: 'Mozilla/5.0', description: "The browser's User-Agent" })
  readonly agent!: string;
  @ApiProperty({ enum: [1, 2] })
  readonly aal!: 1 | 2;
  @ApiProperty({ format: 'date-time' })
  readonly beganAt!: string;
  @ApiProperty({ format: 'date-time', description: 'Last request, to the minute' })
  readonly seenAt!: string;
  @ApiProperty({ description: 'Whether this request came with it' })
  readonly current!: boolean;
}

export class OwnSessionsView {
  @ApiProperty({ type: [OwnSessionView] })
  readonly items!: readonly OwnSessionView[];
}

export const ownSessionView = (session: Session, current: string): OwnSessionView => ({
  id: session.hash,
  address: session.address,
  agent: session.agent,
  aal: session.aal,
  beganAt: session.beganAt.toISOString(),
  seenAt: session.seenAt.toISOString(),
  current: session.hash === current,
});
