import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { RelyingParty } from '../../http/addresses.js';
import type { User } from '../accounts/user.entity.js';
import type { Passkey } from '../accounts/passkey.entity.js';
import { algorithms, challengeLifetimeMs } from './passkey.policy.js';

/** What a browser is given: the JSON forms of WebAuthn Level 3, section 5.1, for parse…OptionsFromJSON. */

const requirements = ['required', 'preferred', 'discouraged'] as const;
type Requirement = (typeof requirements)[number];

export class RelyingPartyView {
  @ApiProperty({ example: 'logs.example.com' })
  readonly id!: string;
  @ApiProperty({ example: 'Logs Collector' })
  readonly name!: string;
}

export class PasskeyUserView {
  @ApiProperty({ description: 'Random, base64url' })
  readonly id!: string;
  @ApiProperty({ example: 'ann' })
  readonly name!: string;
  @ApiProperty({ example: 'ann' })
  readonly displayName!: string;
}

export class PasskeyParametersView {
  @ApiProperty({ type: 'integer', example: -7, description: 'COSE algorithm' })
  readonly alg!: number;
  @ApiProperty({ enum: ['public-key'] })
  readonly type!: 'public-key';
}

export class PasskeyDescriptorView {
  @ApiProperty({ description: 'base64url' })
  readonly id!: string;
  @ApiProperty({ enum: ['public-key'] })
  readonly type!: 'public-key';
  @ApiProperty({ type: [String], example: ['internal'] })
  readonly transports!: string[];
}

export class AuthenticatorSelectionView {
  @ApiProperty({ enum: requirements })
  readonly residentKey!: Requirement;
  @ApiProperty()
  readonly requireResidentKey!: boolean;
  @ApiProperty({ enum: requirements })
  readonly userVerification!: Requirement;
}

class ChallengeView {
  @ApiProperty({ description: 'base64url; answered once, within five minutes' })
  readonly challenge!: string;
  @ApiProperty({ type: 'integer', description: 'Milliseconds', example: 300_000 })
  readonly timeout!: number;
}

/** For navigator.credentials.create. */
export class PasskeyCreationOptions extends ChallengeView {
  @ApiProperty({ type: RelyingPartyView })
  readonly rp!: RelyingPartyView;
  @ApiProperty({ type: PasskeyUserView })
  readonly user!: PasskeyUserView;
  @ApiProperty({ type: [PasskeyParametersView] })
  readonly pubKeyCredParams!: PasskeyParametersView[];
  @ApiProperty({ type: [PasskeyDescriptorView], description: 'Where the account has one already' })
  readonly excludeCredentials!: PasskeyDescriptorView[];
  @ApiProperty({ type: AuthenticatorSelectionView })
  readonly authenticatorSelection!: AuthenticatorSelectionView;
  @ApiProperty({ enum: ['none'] })
  readonly attestation!: 'none';
}

/** For navigator.credentials.get. */
export class PasskeyRequestOptions extends ChallengeView {
  @ApiProperty({ example: 'logs.example.com' })
  readonly rpId!: string;
  @ApiPropertyOptional({
    type: [PasskeyDescriptorView],
    description: "The account's own; absent for signing in, where the passkey says whose it is",
  })
  readonly allowCredentials?: PasskeyDescriptorView[];
  @ApiProperty({ enum: requirements })
  readonly userVerification!: Requirement;
}

type Known = Pick<Passkey, 'credentialId' | 'transports'>;

const descriptorView = ({ credentialId, transports }: Known): PasskeyDescriptorView => ({
  id: credentialId,
  type: 'public-key',
  transports: transports.split(' ').filter(Boolean),
});

/** @param known the account's passkeys: an authenticator that holds one of them makes no second */
export const creationOptions = (
  rp: RelyingParty,
  { username, passkeyHandle }: Pick<User, 'username' | 'passkeyHandle'>,
  known: readonly Known[],
  challenge: string,
): PasskeyCreationOptions => ({
  challenge,
  timeout: challengeLifetimeMs,
  rp: { id: rp.id, name: 'Logs Collector' },
  user: { id: passkeyHandle, name: username, displayName: username },
  pubKeyCredParams: algorithms.map((alg) => ({ alg, type: 'public-key' })),
  excludeCredentials: known.map(descriptorView),
  // Discoverable where the authenticator has room, so that it can sign in by itself; a key that has no room, or no
  // PIN, is still a second factor.
  authenticatorSelection: {
    residentKey: 'preferred',
    requireResidentKey: false,
    userVerification: 'preferred',
  },
  attestation: 'none',
});

/** @param known null for signing in, where the passkey says whose it is */
export const requestOptions = (
  rp: RelyingParty,
  known: readonly Known[] | null,
  userVerification: Requirement,
  challenge: string,
): PasskeyRequestOptions => ({
  challenge,
  timeout: challengeLifetimeMs,
  rpId: rp.id,
  ...(known ? { allowCredentials: known.map(descriptorView) } : {}),
  userVerification,
});
