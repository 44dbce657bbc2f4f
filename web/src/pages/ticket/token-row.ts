/** What an archive points to: the row of the token that it came by. */
export const tokenRowId = (token: string): string => `token-${token}`;

export const showToken = (token: string): void => {
  const row = document.getElementById(tokenRowId(token));
  row?.scrollIntoView({ block: 'center' });
  row?.focus({ preventScroll: true });
};
