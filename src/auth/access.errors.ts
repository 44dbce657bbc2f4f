import { DomainError } from '../errors/domain-error.js';

/** Why the guard turns a request away; a wrong token, key or session has its error in its own feature. */

export class CredentialsMissing extends DomainError {
  readonly code = 'credentials-missing';
  constructor() {
    super('Sign in, or send an API key or an upload token with the request.');
  }
}

export class SecondFactorRequired extends DomainError {
  readonly code = 'second-factor-required';
  constructor() {
    super(
      'Prove your second factor with POST /auth/totp/verify, /auth/passkeys/verify or /auth/recovery first.',
    );
  }
}

export class SecondFactorEnrolmentRequired extends DomainError {
  readonly code = 'second-factor-enrolment-required';
  constructor() {
    super('Enrol a second factor with POST /auth/totp or /auth/passkeys first.');
  }
}

export class RoleInsufficient extends DomainError {
  readonly code = 'role-insufficient';
  constructor() {
    super('Ask an admin to do this, or to give you the role.');
  }
}

export class ScopeInsufficient extends DomainError {
  readonly code = 'scope-insufficient';
  constructor() {
    super('Use an API key that has the scope which this route needs.');
  }
}

export class SessionRequired extends DomainError {
  readonly code = 'session-required';
  constructor() {
    super('Sign in as a person: neither an API key nor an upload token may do this.');
  }
}

export class CrossSiteRequest extends DomainError {
  readonly code = 'cross-site-request';
  constructor() {
    super("Send this request from the service's own pages, or prove it with an API key.");
  }
}
