import type { BackfillState } from './backfill-state.ts';
import type { Standing } from './heard-now.ts';
import { heardNow } from './heard-now.ts';
import type { MessageName } from './messages.ts';
import { monitorCheckName, waivableMonitors } from './monitors-watched.ts';
import { missingSignOffs } from './parties.ts';
import type { Identification } from './people.ts';
import type { Approvers } from './required-approvals.ts';
import { missingApprovals } from './required-approvals.ts';

/** Something that a person can say now. */
export interface NextAction {
  readonly message: MessageName;
  /** The command that says it, ready for a shell but for what stands in `<…>`. */
  readonly command: string;
}

/** What is known of the run: without a worker, less. */
export type Known = Standing &
  Pick<BackfillState, 'backfillId' | 'signOffs' | 'drift'> & {
    readonly proposal: Pick<NonNullable<BackfillState['proposal']>, 'planHash'> | null;
    readonly evidence: Pick<NonNullable<BackfillState['evidence']>, 'digest'> | null;
    readonly plan:
      | (Pick<NonNullable<BackfillState['plan']>, 'signOff'> &
          Partial<Approvers> & { readonly identification?: Identification })
      | null;
    readonly approvals?: BackfillState['approvals'];
  };

/** Most likely first, the end of all work last. The others change figures or come from pipelines: they are not a next step. */
const IN_ORDER = [
  'resume',
  'replan',
  'approve',
  'reject',
  'signOff',
  'retry',
  'waive',
  'republish',
  'close',
  'rollback',
  'pause',
  'settle',
  'rearm',
  'abort',
] as const satisfies readonly MessageName[];
type Offered = (typeof IN_ORDER)[number];

/** Every message that would be heard now and is of use, with its command. */
export function nextActions(known: Known): readonly NextAction[] {
  return IN_ORDER.filter((message) => heardNow(known, message) === null && isOfUse(known, message)).flatMap((message) =>
    commands(known, message).map((command): NextAction => ({ message, command: `backfill ${command}` })),
  );
}

/** What ends a hold, in words: whatever was asked for meanwhile. */
export function waysOut(known: Known): string {
  const names = nextActions({ ...known, requests: [], paused: null }).map(({ message }) => message);
  return [names.slice(0, -1).join(', '), names.at(-1)].filter((part) => part !== '').join(' or ');
}

function isOfUse({ status, shape, drift, proposal, hold }: Known, message: Offered): boolean {
  switch (message) {
    case 'pause':
      return status !== 'held';
    case 'replan':
      return drift !== null || proposal !== null || hold?.drifted === true;
    case 'settle':
      return shape === 'armed';
    case 'rearm':
      return shape === 'settled';
    default:
      return true;
  }
}

function commands(
  { backfillId: id, status, evidence, hold, plan, signOffs, proposal, approvals, ...watched }: Known,
  message: Offered,
): readonly string[] {
  const waivable = waivableMonitors(watched).map(({ name }) => monitorCheckName(name));
  switch (message) {
    case 'approve':
      return approvers(plan, approvals).map(
        (by) =>
          `approve ${id} --by ${by} --digest ${evidence?.digest ?? '<from the report>'}${(plan?.identification ?? 'claimed') === 'claimed' ? '' : ' --key <private key>'}`,
      );
    case 'reject':
      return [`reject ${id} --by <approver> --reason "<why>"`];
    case 'replan':
      // First what it would change, then what was shown.
      return [
        proposal === null
          ? `replan ${id} --plan`
          : `replan ${id} --by <you> --plan-hash ${proposal.planHash.slice(0, 12)}`,
      ];
    case 'waive': {
      const checks = status === 'held' ? [hold?.check?.name ?? '<check>'] : waivable;
      return checks.map((check) => `waive ${id} --by <approver> --check ${word(check)} --reason "<why>"`);
    }
    case 'signOff': {
      const parties = plan === null ? ['<party>'] : missingSignOffs(plan.signOff, signOffs).map(word);
      return parties.map((party) => `sign-off ${id} --by ${party}`);
    }
    case 'pause':
    case 'rollback':
    case 'abort':
      return [`${message} ${id} --reason "<why>"`];
    default:
      return [`${message} ${id}`];
  }
}

/** Who is still to approve: by name where it has to be somebody in particular. */
function approvers(plan: Known['plan'], given: Known['approvals']): readonly string[] {
  const missing = missingApprovals({ approvers: plan?.approvers ?? [], reopened: plan?.reopened ?? [] }, given ?? []);
  return missing.map(({ anyOf, because }) => (because === null ? '<approver>' : word(anyOf.join(' or '))));
}

/** One word of a shell's command line. */
function word(text: string): string {
  return /^[\w:.,@%+=/-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
