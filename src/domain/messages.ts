/** The payloads people and pipelines send. Every field may be missing: a person types them by hand. */
export interface MessagePayloads {
  readonly pause: { readonly by?: string; readonly reason?: string };
  readonly resume: { readonly by?: string };
  readonly approve: {
    readonly by?: string;
    readonly digest?: string;
    readonly comment?: string;
    readonly signature?: string;
  };
  readonly reject: { readonly by?: string; readonly reason?: string };
  readonly rollback: { readonly by?: string; readonly reason?: string };
  readonly republish: { readonly by?: string };
  readonly close: { readonly by?: string };
  readonly signOff: { readonly by?: string };
  readonly retry: { readonly by?: string };
  readonly replan: { readonly by?: string; readonly planHash?: string };
  readonly waive: { readonly by?: string; readonly check?: string; readonly reason?: string };
  readonly abort: { readonly by?: string; readonly reason?: string };
  readonly setLimits: {
    readonly by?: string;
    readonly max_concurrency?: number;
    readonly daily_bytes_budget?: number | string | null;
    readonly daily_cost_budget?: number | null;
  };
  readonly settle: { readonly by?: string };
  readonly rearm: { readonly by?: string };
  readonly livePipelineStarted: { readonly name?: string };
  readonly livePipelineFinished: { readonly name?: string };
}

export type MessageName = keyof MessagePayloads;

/** The message with the fields as they came, whatever their types: what arrives is JSON that a person typed. */
export type Incoming = Readonly<Record<string, unknown>>;

/** What each message does and when it is heard; the Temporal UI shows these lines beside the button. */
export const MESSAGE_DESCRIPTIONS: Readonly<Record<MessageName, string>> = {
  pause: 'Stop at the next partition boundary and wait. {"by": "you", "reason": "month end"}',
  resume: 'Go on after a pause. {"by": "you"}',
  approve:
    'Approve the evidence for publication; heard in awaitingApproval, from a listed approver other than the requester. {"by": "you", "digest": "from the report", "comment": "", "signature": ""}',
  reject: 'Reject the evidence; the run is held. {"by": "you", "reason": "why"}',
  rollback:
    'Consumers read the previous history again, at once. Heard until consolidation starts. {"by": "you", "reason": "why"}',
  republish: 'After a rollback: reconcile again and ask for a new approval. {"by": "you"}',
  close: 'After a rollback: remove what the run made and end it; the evidence is kept. {"by": "you"}',
  signOff: 'A party of the contract says that the old version may go. {"by": "the party"}',
  retry: 'Held: try the held step again. {"by": "you"}',
  replan:
    'Held, or published: a column was added to the base. Without a hash the run shows what carrying it into shadow and view means; with the hash that is shown there, it is done. {"by": "you", "planHash": ""}',
  waive:
    'Held on a check: let it pass, recorded in the evidence; from a listed approver other than the requester. {"by": "you", "check": "name", "reason": "why"}',
  abort: 'Give up before publication: drop what was made, keep the evidence. {"by": "you", "reason": "why"}',
  setLimits: 'Change limits while it runs. {"by": "you", "max_concurrency": 2, "daily_bytes_budget": "500GB"}',
  settle: 'Give readers the cheaper view without the instant switch. {"by": "you"}',
  rearm: 'Give the view its instant switch back. {"by": "you"}',
  livePipelineStarted:
    'A live pipeline begins a run: work stops at the next partition boundary. Each name counts by itself; said again, it expires later. {"name": "nightly"}',
  livePipelineFinished:
    'A live pipeline ended its run: work goes on when none is left. Without a name, all have ended. {"name": "nightly"}',
};

/** Decisions have rows of their own in the ledger, which may refuse them; of every other message it keeps an event. */
const DECIDED_IN_LEDGER: ReadonlySet<MessageName> = new Set(['approve', 'reject', 'waive', 'signOff']);

/** What the ledger keeps of a message that was heard; null where the decision it leads to is recorded itself. */
export function heardMessage(name: MessageName, payload: Incoming): HeardMessage | null {
  if (DECIDED_IN_LEDGER.has(name)) return null;
  const { by, ...detail } = payload;
  const from = typeof by === 'string' ? by : payload['name'];
  return { message: name, by: typeof from === 'string' ? from : 'the live pipeline', detail };
}

interface HeardMessage {
  readonly message: MessageName;
  readonly by: string;
  /** Its other fields, as they came. */
  readonly detail: Incoming;
}

export const MESSAGE_NAMES = Object.keys(MESSAGE_DESCRIPTIONS) as readonly MessageName[];
