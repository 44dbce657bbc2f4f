import type { ErrorCode } from '../errors/catalogue.js';
import type { CallerOf, Person, Right, Role } from '../http/allow.js';

/** The codes with which a proved caller can still be refused. */
export type Refusal = Extract<
  ErrorCode,
  | 'credentials-missing'
  | 'session-required'
  | 'scope-insufficient'
  | 'role-insufficient'
  | 'second-factor-required'
  | 'second-factor-enrolment-required'
>;

type UploadRight = Extract<Right, 'upload-token' | 'upload-token-or-form'>;
type SessionRight = Extract<Right, Role | 'any-session'>;

/** Whether only an upload token opens the route. */
export const isUploadRight = (right: Right): right is UploadRight =>
  right === 'upload-token' || right === 'upload-token-or-form';

const isSessionRight = (right: Right): right is SessionRight =>
  right === 'engineer' || right === 'admin' || right === 'any-session';

const judgePerson = (
  right: Exclude<Right, UploadRight | 'metrics'>,
  person: Person,
): Refusal | null => {
  if (right === 'any-session') return null;
  if (person.aal === 1)
    return person.hasSecondFactor ? 'second-factor-required' : 'second-factor-enrolment-required';
  return right === 'admin' && person.role !== 'admin' ? 'role-insufficient' : null;
};

/** Whether this caller may do what needs this right: null, or the code of the refusal. */
export const judge = (right: Right, caller: CallerOf): Refusal | null => {
  if (isUploadRight(right)) {
    if (caller.kind === 'customer') return null;
    // The form's token field is still to come; whoever takes the form judges it.
    return caller.kind === 'stranger' && right === 'upload-token-or-form'
      ? null
      : 'credentials-missing';
  }
  if (right === 'metrics') return caller.kind === 'monitor' ? null : 'credentials-missing';
  switch (caller.kind) {
    case 'stranger':
      return 'credentials-missing';
    case 'customer':
    case 'monitor':
      return 'session-required';
    case 'integration':
      if (isSessionRight(right)) return 'session-required';
      return caller.scopes.includes(right) ? null : 'scope-insufficient';
    case 'person':
      return judgePerson(right, caller);
  }
};
