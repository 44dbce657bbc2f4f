import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, Length, ValidateNested } from 'class-validator';
import { MayBeAbsent, StorableText } from '../../http/fields.js';
import { AuthenticationResponse } from '../passkey-proofs/passkey-responses.dto.js';
import { GivenPassword } from '../users/users.dto.js';

/** Longer than any code with the spaces that people add. */
const longestCode = 32;

export class CodeInput {
  @Length(1, longestCode)
  @StorableText()
  @ApiProperty({ example: '123456', maxLength: longestCode })
  readonly code!: string;
}

/** Nothing for the first enrolment; later the password and a code, or a passkey, once more. */
export class Proof {
  @MayBeAbsent()
  @GivenPassword()
  @ApiPropertyOptional({ format: 'password', maxLength: 256 })
  readonly password?: string;

  @MayBeAbsent()
  @Length(1, longestCode)
  @StorableText()
  @ApiPropertyOptional({
    example: '123456',
    maxLength: longestCode,
    description: 'A code of the enrolled app, or a recovery code',
  })
  readonly code?: string;

  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => AuthenticationResponse)
  @ApiPropertyOptional({
    type: AuthenticationResponse,
    description:
      'Instead of both: the answer to POST /auth/passkeys/verify/options, with PIN, finger or face',
  })
  readonly passkey?: AuthenticationResponse;
}

export class EnrolmentView {
  @ApiProperty({ example: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', description: 'Shown this once' })
  readonly secret!: string;
  @ApiProperty({ example: 'otpauth://totp/Logs%20Collector:ann?secret=…' })
  readonly otpauthUrl!: string;
  @ApiProperty({ example: '<svg …', description: 'otpauthUrl as a QR code' })
  readonly qrSvg!: string;
}

export class RecoveryCodesView {
  @ApiProperty({
    type: [String],
    minItems: 10,
    maxItems: 10,
    example: ['k3f7a-9xm2p'],
    description: 'Each works once instead of a code; shown this once',
  })
  readonly recoveryCodes!: readonly string[];
}
