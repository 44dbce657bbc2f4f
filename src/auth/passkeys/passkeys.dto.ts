import { ApiProperty } from '@nestjs/swagger';
import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsObject, Length, ValidateNested } from 'class-validator';
import { StorableText } from '../../http/fields.js';
import type { Passkey } from '../accounts/passkey.entity.js';
import {
  AuthenticationResponse,
  RegistrationResponse,
} from '../passkey-proofs/passkey-responses.dto.js';

const longestName = 100;

const PasskeyName = (): PropertyDecorator =>
  applyDecorators(
    Length(1, longestName),
    StorableText(),
    ApiProperty({ example: "Ann's phone", minLength: 1, maxLength: longestName }),
  );

export class NamePasskey {
  @PasskeyName()
  readonly name!: string;
}

export class RegisterPasskey extends NamePasskey {
  @IsObject()
  @ValidateNested()
  @Type(() => RegistrationResponse)
  @ApiProperty({ type: RegistrationResponse })
  readonly response!: RegistrationResponse;
}

export class AnswerPasskey {
  @IsObject()
  @ValidateNested()
  @Type(() => AuthenticationResponse)
  @ApiProperty({ type: AuthenticationResponse })
  readonly response!: AuthenticationResponse;
}

export class PasskeyView {
  @ApiProperty({ example: '019aa2f0-6c1e-7b52-9d3c-0f6f3f1b2a10' })
  readonly id!: string;
  @ApiProperty({ example: "Ann's phone" })
  readonly name!: string;
  @ApiProperty({
    description: 'Whether it was kept elsewhere too when last used, as synced ones are',
  })
  readonly backedUp!: boolean;
  @ApiProperty({ format: 'date-time' })
  readonly createdAt!: string;
  @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
  readonly lastUsedAt!: string | null;
}

export class OwnPasskeysView {
  @ApiProperty({ type: [PasskeyView] })
  readonly items!: readonly PasskeyView[];
}

export class RegisteredPasskeyView {
  @ApiProperty({ type: PasskeyView })
  readonly passkey!: PasskeyView;
  @ApiProperty({
    type: [String],
    nullable: true,
    example: ['k3f7a-9xm2p'],
    description:
      'Ten new ones where the account had none left, as with its first factor; shown this once. ' +
      'Null where those that it has go on',
  })
  readonly recoveryCodes!: readonly string[] | null;
}

export const passkeyView = ({
  id,
  name,
  backedUp,
  createdAt,
  lastUsedAt,
}: Passkey): PasskeyView => ({
  id,
  name,
  backedUp,
  createdAt: createdAt.toISOString(),
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
});
