/** How many codes one enrolment gives. */
export const recoveryCodeCount = 10;

/**
 * A recovery code as it is hashed and compared: without dash, space and case, as people copy it from paper.
 * Null where it cannot be one.
 */
export const foldedRecoveryCode = (typed: string): string | null => {
  const folded = typed.replace(/[\s-]/g, '').toLowerCase();
  return /^[2-9a-hjkmnp-z]{10}$/.test(folded) ? folded : null;
};
