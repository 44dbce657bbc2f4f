import type { CallerOf, Person, Right } from '../http/allow.js';
import { judge } from './access.policy.js';
import type { Refusal } from './access.policy.js';

const person = (changes: Partial<Person>): Person => ({
  kind: 'person',
  userId: 'u',
  username: 'ann',
  role: 'engineer',
  aal: 2,
  session: 's',
  hasSecondFactor: true,
  methods: ['totp', 'recovery'],
  ...changes,
});

const callers = {
  stranger: { kind: 'stranger' },
  customer: { kind: 'customer', tokenId: 't' },
  key: { kind: 'integration', keyId: 'k', name: 'desk', scopes: ['tickets:read'] },
  engineer: person({}),
  admin: person({ role: 'admin' }),
  'engineer at AAL1': person({ aal: 1 }),
  'admin at AAL1': person({ role: 'admin', aal: 1 }),
  'admin without a factor': person({ role: 'admin', aal: 1, hasSecondFactor: false, methods: [] }),
} satisfies Record<string, CallerOf>;

type Row = [caller: keyof typeof callers, right: Right, refusal: Refusal | null];

const missing = 'credentials-missing';
const session = 'session-required';
const factor = 'second-factor-required';
const enrolment = 'second-factor-enrolment-required';

const table: Row[] = [
  ['stranger', 'tickets:read', missing],
  ['stranger', 'engineer', missing],
  ['stranger', 'admin', missing],
  ['stranger', 'any-session', missing],
  ['stranger', 'upload-token', missing],
  ['stranger', 'upload-token-or-form', null],
  ['customer', 'tickets:read', session],
  ['customer', 'engineer', session],
  ['customer', 'admin', session],
  ['customer', 'any-session', session],
  ['customer', 'upload-token', null],
  ['customer', 'upload-token-or-form', null],
  ['key', 'tickets:read', null],
  ['key', 'tickets:write', 'scope-insufficient'],
  ['key', 'engineer', session],
  ['key', 'admin', session],
  ['key', 'any-session', session],
  ['key', 'upload-token', missing],
  ['key', 'upload-token-or-form', missing],
  ['engineer', 'tickets:write', null],
  ['engineer', 'engineer', null],
  ['engineer', 'admin', 'role-insufficient'],
  ['engineer', 'any-session', null],
  ['engineer', 'upload-token', missing],
  ['admin', 'archives:delete', null],
  ['admin', 'engineer', null],
  ['admin', 'admin', null],
  ['engineer at AAL1', 'any-session', null],
  ['engineer at AAL1', 'tickets:read', factor],
  ['engineer at AAL1', 'engineer', factor],
  ['engineer at AAL1', 'admin', factor],
  ['admin at AAL1', 'admin', factor],
  ['admin at AAL1', 'upload-token', missing],
  ['admin without a factor', 'any-session', null],
  ['admin without a factor', 'tickets:read', enrolment],
  ['admin without a factor', 'admin', enrolment],
];

it.each(table)('%s on a route that needs %s: %s', (caller, right, refusal) => {
  expect(judge(right, callers[caller])).toBe(refusal);
});
