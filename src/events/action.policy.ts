/** The audit's word for an event. */
export type ActionOf<Name extends string> = Name extends `${infer Before}_${infer After}`
  ? `${Before}-${ActionOf<After>}`
  : Name;

/** `archive.upload_failed` stands in the audit as `archive.upload-failed`: its filters and rows are older than events. */
export const actionOf = <Name extends string>(name: Name): ActionOf<Name> =>
  name.replaceAll('_', '-') as ActionOf<Name>;
