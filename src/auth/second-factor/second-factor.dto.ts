import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Length } from 'class-validator';
import { MayBeAbsent, StorableText } from '../../http/fields.js';
import { GivenPassword } from '../users/users.dto.js';

/** Longer than any code with the spaces that people add. */
const longestCode = 32;

export class CodeInput {
  @Length(1, longestCode)
  @StorableText()
  @ApiProperty({ example: '123456', maxLength: longestCode })
  readonly code!: string;
}

/** Nothing for the first enrolment; both to replace an enrolled factor. */
export class BeginEnrolment {
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
    description: 'A code of the enrolled factor, or a recovery code',
  })
  readonly code?: string;
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
