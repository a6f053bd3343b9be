import { randomBytes } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import type { BackfillState } from '../../src/domain/backfill-state.ts';
import { openState } from '../../src/domain/backfill-state.ts';
import type { BackfillStatus } from '../../src/domain/status.ts';
import type { StatusView } from '../../src/domain/status-view.ts';
import type { MessageName } from '../../src/domain/messages.ts';
import type { ReceivedMessage } from '../../src/domain/received-message.ts';
import { STATUS_QUERY, WORKFLOW_TYPE, warehouseQueueOf, workflowIdOf } from '../../src/protocol/identity.ts';
import { BUNDLE } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';
import { quietRuntime } from './quiet-runtime.ts';
import type { Script, Settings } from './script.ts';
import { SMALL_PLAN, happyScript } from './script.ts';

/** One call of an activity, as the worker got it. */
export interface Call {
  readonly name: keyof Script;
  readonly input: Record<string, unknown>;
}

/** One backfill on the real server, its activities scripted. */
export interface Play {
  readonly workflowId: string;
  /** Of its latest run. */
  readonly handle: WorkflowHandle;
  readonly calls: readonly Call[];
  status(): Promise<StatusView>;
  reach(status: BackfillStatus): Promise<StatusView>;
  /** Waits until the status object satisfies `seen`. */
  until(what: string, seen: (view: StatusView) => boolean): Promise<StatusView>;
  called(name: keyof Script, times?: number): Promise<void>;
  count(name: keyof Script): number;
  signal(name: string, payload?: unknown): Promise<void>;
  /** The answer, or the sentence of the refusal. */
  update(name: MessageName, payload?: unknown): Promise<string>;
}

export interface StartOptions extends Settings {
  readonly historyBudget?: number;
  /** Starts as the successor of a run that stopped in this state. */
  readonly continued?: Partial<BackfillState>;
}

export interface Stage {
  readonly client: Client;
  start(edit?: (script: Script) => Partial<Script>, options?: StartOptions): Promise<Play>;
  /** Lets the workers begin, where they were made to wait. */
  work(): void;
  end(): Promise<void>;
}

/** In every event of a history: histories are kept, and machines have names. */
const IDENTITY = 'stage';

/** Two workers on queues of their own, as in production; each activity looks up the script of its backfill. */
export async function createStage({ idle = false } = {}): Promise<Stage> {
  quietRuntime();
  const address = inject('temporalAddress');
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, identity: IDENTITY });
  const taskQueue = `stage-${randomBytes(5).toString('hex')}`;
  const scripts = new Map<string, { readonly script: Script; readonly calls: Call[] }>();
  const workers = await createWorkers(native, taskQueue, scripts);
  let running: Promise<unknown> = Promise.resolve();
  const work = (): void => {
    running = Promise.all(workers.map((worker) => worker.run()));
  };
  if (!idle) work();
  const started: WorkflowHandle[] = [];
  return {
    client,
    work,
    start: async (edit = () => ({}), { historyBudget, continued, ...settings } = {}) => {
      const id = `play-${randomBytes(5).toString('hex')}`;
      const happy = happyScript(id, settings);
      const calls: Call[] = [];
      scripts.set(id, { script: { ...happy, ...edit(happy) }, calls });
      const workflowId = workflowIdOf(id);
      const fresh = {
        spec: `backfill_id: ${id}`,
        requestedBy: 'dora',
        ...(historyBudget === undefined ? {} : { historyBudget }),
      };
      const args = [continued === undefined ? fresh : { continued: carriedOver(id, continued) }];
      await client.workflow.start(WORKFLOW_TYPE, { taskQueue, workflowId, args });
      const handle = client.workflow.getHandle(workflowId);
      started.push(handle);
      return playOf(handle, calls);
    },
    end: async () => {
      // What a test left standing is of no use to anybody; those that ended say so.
      await Promise.allSettled(started.map((handle) => handle.terminate('the test is over')));
      for (const worker of workers) worker.shutdown();
      await running;
      await native.close();
      await connection.close();
    },
  };
}

/** The messages that the ledger was told, in the order of telling. */
export function recorded({ calls }: Pick<Play, 'calls'>): ReceivedMessage[] {
  return calls
    .filter(({ name }) => name === 'recordMessages')
    .flatMap(({ input }) => input['messages'] as ReceivedMessage[]);
}

function carriedOver(id: string, changes: Partial<BackfillState>): BackfillState {
  const open = openState(id, workflowIdOf(id), 'dora', new Date().toISOString());
  return { ...open, plan: { ...SMALL_PLAN, backfillId: id }, ...changes };
}

async function createWorkers(
  connection: NativeConnection,
  taskQueue: string,
  scripts: ReadonlyMap<string, { readonly script: Script; readonly calls: Call[] }>,
): Promise<Worker[]> {
  const act = (name: keyof Script) => async (input: Record<string, unknown>) => {
    const id =
      typeof input['backfillId'] === 'string'
        ? input['backfillId']
        : String(input['workflowId']).replace(/^backfill-/, '');
    const play = scripts.get(id);
    if (play === undefined) throw new Error(`no script for ${id}`);
    play.calls.push({ name, input });
    return (play.script[name] as (given: unknown) => Promise<unknown>)(input);
  };
  const names = Object.keys(happyScript('')) as (keyof Script)[];
  const activities = Object.fromEntries(names.map((name) => [name, act(name)]));
  const common = {
    connection,
    identity: IDENTITY,
    activities,
    shutdownGraceTime: 0,
    maxHeartbeatThrottleInterval: '100ms',
    defaultHeartbeatThrottleInterval: '100ms',
  };
  return Promise.all([
    Worker.create({ ...common, taskQueue, workflowBundle: { codePath: BUNDLE } }),
    Worker.create({ ...common, taskQueue: warehouseQueueOf(taskQueue) }),
  ]);
}

function playOf(handle: WorkflowHandle, calls: readonly Call[]): Play {
  const status = (): Promise<StatusView> => handle.query<StatusView>(STATUS_QUERY);
  const count = (name: keyof Script): number => calls.filter((call) => call.name === name).length;
  const until: Play['until'] = async (what, seen) => {
    let last: StatusView | undefined;
    return waitFor(
      async () => {
        last = await status();
        return seen(last) ? last : null;
      },
      {
        timeoutMs: 30_000,
        describe: () =>
          `${what}; it is ${last?.status ?? 'unknown'}: ${last?.waitingOn?.reason ?? last?.because ?? ''}`,
      },
    );
  };
  return {
    workflowId: handle.workflowId,
    handle,
    calls,
    status,
    until,
    reach: (wanted) => until(`status ${wanted}`, (view) => view.status === wanted),
    count,
    called: async (name, times = 1) => {
      await waitFor(() => count(name) >= times, { timeoutMs: 30_000, describe: `${times} calls of ${name}` });
    },
    signal: (name, payload) => handle.signal(name, ...(payload === undefined ? [] : [payload])),
    update: (name, payload) =>
      handle.executeUpdate<string, [unknown]>(name, { args: [payload] }).catch((error: unknown) => {
        const { cause } = error as { cause?: Error };
        if (cause === undefined) throw error;
        return cause.message;
      }),
  };
}
