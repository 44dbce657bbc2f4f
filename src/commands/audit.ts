import { AuditVerifier } from '../audit/audit-verify.service.js';
import type { Finding } from '../audit/chain-check.policy.js';
import { headText, parseHead } from '../audit/chain.policy.js';
import type { Head } from '../audit/chain.policy.js';
import { print, withService } from './command.js';

/** With another SECRET_KEY each event is a finding. */
const mostPrinted = 1_000;

const headIn = (option: string, text: string | undefined): Head | undefined => {
  if (text === undefined) return undefined;
  const head = parseHead(text);
  if (!head)
    throw new Error(
      `${option} holds "${text}"; it may hold <seq>:<hash>, as this command and the log's audit.head say it`,
    );
  return head;
};

const inWords = (finding: Finding): string => {
  switch (finding.kind) {
    case 'changed':
      return `changed ${finding.seq ?? 'unsealed'} ${finding.id}`;
    case 'broken':
    case 'inserted':
      return `${finding.kind} ${finding.seq} ${finding.id}`;
    case 'missing':
    case 'truncated':
    case 'beyond-head':
      return `${finding.kind} ${finding.from}-${finding.to}`;
    case 'not-the-head':
      return `not-the-head ${finding.seq}`;
  }
};

export const verifyAudit = async (options: { head?: string; from?: string }): Promise<void> => {
  const [head, from] = [headIn('--head', options.head), headIn('--from', options.from)];
  if (head && from && head.seq < from.seq)
    throw new Error('--head comes before --from; it would not be looked at');
  let [printed, changed] = [0, 0];
  const { events, unsealed, findings, ...verified } = await withService((service) =>
    service.get(AuditVerifier).verify({ head, from }, (finding) => {
      if (finding.kind === 'changed') changed += 1;
      if ((printed += 1) <= mostPrinted) print(inWords(finding));
    }),
  );
  if (findings > mostPrinted) print(`… and ${findings - mostPrinted} more`);
  print(`${events} events, ${unsealed} not sealed yet, ${findings} findings`);
  if (findings === 0) {
    print(`head ${headText(verified.head)}`);
    return;
  }
  process.exitCode = 1;
  if (changed > 1 && changed >= events + unsealed)
    process.stderr.write(
      'No event was written with this SECRET_KEY: is it the right one? If it was changed, give the head of that moment with --from.\n',
    );
};
