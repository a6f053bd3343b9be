import type { Identification } from '../domain/people.ts';
import type { ReportCommands } from './report.ts';

/** What to type to decide on this evidence, in our own CLI and in Temporal's; `<you>` is left for whoever sends it. */
export function reportCommands(
  backfillId: string,
  workflowId: string,
  digest: string | null,
  asked: Identification = 'claimed',
): ReportCommands {
  const update = (name: string, input: Readonly<Record<string, string>>): string =>
    `temporal workflow update execute --workflow-id ${shellWord(workflowId)} --name ${name} --input ${quoted(JSON.stringify(input))}`;
  const isSigned = asked !== 'claimed';
  const decided = (command: string): string | null => (digest === null ? null : command);
  return {
    approve: decided(
      `backfill approve ${backfillId} --by <you> --digest ${digest ?? ''}${isSigned ? ' --key <private key>' : ''}`,
    ),
    approveByTemporal: decided(
      update('approve', {
        by: '<you>',
        digest: digest ?? '',
        comment: '',
        ...(isSigned ? { signature: '<base64>' } : {}),
      }),
    ),
    reject: decided(`backfill reject ${backfillId} --by <you> --reason "<why>"`),
    rejectByTemporal: decided(update('reject', { by: '<you>', reason: '<why>' })),
    rollback: `backfill rollback ${backfillId} --by <you> --reason "<why>"`,
    rearm: update('rearm', { by: '<you>' }),
  };
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:-]+$/.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
