import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  Equals,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { MayBeAbsent } from '../../http/fields.js';

/**
 * What a browser answers: RegistrationResponseJSON and AuthenticationResponseJSON of WebAuthn Level 3, section 5.1.
 * The library checks it again. Still no opaque object: a stranger sends it, parts of it are stored (id, transports), and
 * the API document describes it.
 */

const base64url = /^[A-Za-z0-9_-]+$/;

/** Bytes in base64url, as long as they may be at most. */
const Octets = (maxLength: number): PropertyDecorator =>
  applyDecorators(
    Matches(base64url, { message: '$property must be base64url' }),
    MaxLength(maxLength),
    ApiProperty({ example: 'dGhlIHNhbWUgYnl0ZXM', maxLength, description: 'base64url' }),
  );

const MaybeOctets = (maxLength: number): PropertyDecorator =>
  applyDecorators(MayBeAbsent(), Octets(maxLength), ApiPropertyOptional());

const longestId = 1364;

class PublicKeyCredentialResponse {
  @Octets(longestId)
  readonly id!: string;

  @Octets(longestId)
  readonly rawId!: string;

  @Equals('public-key')
  @ApiProperty({ enum: ['public-key'] })
  readonly type!: 'public-key';

  @MayBeAbsent()
  @IsIn(['platform', 'cross-platform'])
  @ApiPropertyOptional({ enum: ['platform', 'cross-platform'] })
  readonly authenticatorAttachment?: 'platform' | 'cross-platform';

  @IsObject()
  @ApiProperty({ type: 'object', additionalProperties: true, example: {} })
  readonly clientExtensionResults!: Record<string, unknown>;
}

export class AttestationResponse {
  @Octets(8_192)
  readonly clientDataJSON!: string;

  @Octets(32_768)
  readonly attestationObject!: string;

  @MaybeOctets(16_384)
  readonly authenticatorData?: string;

  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(8)
  @Matches(/^[a-z-]{1,20}$/, { each: true })
  @ApiPropertyOptional({ type: [String], maxItems: 8, example: ['internal', 'hybrid'] })
  readonly transports?: string[];

  @MayBeAbsent()
  @IsInt()
  @ApiPropertyOptional({ type: 'integer', example: -7 })
  readonly publicKeyAlgorithm?: number;

  @MaybeOctets(4_096)
  readonly publicKey?: string;
}

/** What navigator.credentials.create gave. */
export class RegistrationResponse extends PublicKeyCredentialResponse {
  @IsObject()
  @ValidateNested()
  @Type(() => AttestationResponse)
  @ApiProperty({ type: AttestationResponse })
  readonly response!: AttestationResponse;
}

export class AssertionResponse {
  @Octets(8_192)
  readonly clientDataJSON!: string;

  @Octets(4_096)
  readonly authenticatorData!: string;

  @Octets(2_048)
  readonly signature!: string;

  @MaybeOctets(88)
  readonly userHandle?: string;
}

/** What navigator.credentials.get gave. */
export class AuthenticationResponse extends PublicKeyCredentialResponse {
  @IsObject()
  @ValidateNested()
  @Type(() => AssertionResponse)
  @ApiProperty({ type: AssertionResponse })
  readonly response!: AssertionResponse;
}
