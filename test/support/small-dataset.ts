import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import type { ActivityDeps } from '../../activities/deps.ts';
import { callActivities } from '../../bench/support/call-activities.ts';
import { derivedRolePassword, ensureRoles } from '../../examples/daily-revenue/roles.ts';
import type { LoginRole } from '../../examples/daily-revenue/roles.ts';
import { withLogin } from '../../examples/daily-revenue/with-client.ts';
import type { BackfillPlan } from '../../src/domain/backfill-plan.ts';
import type { CaptureMode } from '../../src/domain/dataset-contract.ts';
import type { QualifiedName } from '../../src/domain/names.ts';
import type { InstallOptions } from '../../src/ledger/install.ts';
import { install } from '../../src/ledger/install.ts';
import { insertDecision } from '../../src/ledger/approvals.ts';
import { readPlan } from '../../src/ledger/runs.ts';
import type { Draft } from '../../src/planning/draft-plan.ts';
import { draftPlan } from '../../src/planning/draft-plan.ts';
import { readDocuments } from '../../src/planning/read-documents.ts';
import type { BackfillActivities, ConcludeOutcome } from '../../src/protocol/activities.ts';
import { workflowIdOf } from '../../src/protocol/identity.ts';
import { createPool, SHORT, withSession } from '../../src/warehouse/session.ts';
import type { Session } from '../../src/warehouse/session.ts';
import { grantOverlay } from '../../src/warehouse/postgres/statements/prepare-overlay.ts';
import { activeRelease } from '../../src/ledger/releases.ts';
import { beginConsolidation, shapeView } from '../../src/warehouse/postgres/statements/elevated.ts';
import { SALES } from './sales-scenario.ts';
import { createDatabase } from './postgres.ts';

/** A dataset small enough to be made for one test: tables, documents and who asks for what. */
export interface Scenario {
  readonly dataset: QualifiedName;
  readonly view: QualifiedName;
  readonly partitionKey: string;
  /** Run as administrator in an empty database in which the example's roles exist. */
  readonly tables: string;
  readonly contract: string;
  /** SQL files by the path the contract names. */
  readonly files: Readonly<Record<string, string>>;
  readonly spec: string;
  readonly installed: boolean;
  /** Further roles of the server with their attributes, e.g. `LOGIN BYPASSRLS`; of this scenario alone, for a server has them once. */
  readonly roles?: Readonly<Record<string, string>>;
  /** Who works with the dataset, where it is one of these. Default: `backfill_worker`. */
  readonly worker?: string;
  /** Of what is installed. Default: triggers. */
  readonly capture?: CaptureMode;
}

/** The dataset in a database of its own, with every activity to be called as a worker calls it. */
export interface SmallDataset {
  readonly scenario: Scenario;
  readonly adminUrl: string;
  readonly admin: pg.Pool;
  readonly urls: Readonly<Record<LoginRole, string>>;
  /** Of a login role of the scenario. */
  urlOf(role: string): string;
  readonly deps: ActivityDeps;
  readonly activities: BackfillActivities;
  readonly installOptions: InstallOptions;
  /** A session as the worker has it. */
  session<T>(use: (session: Session) => Promise<T>): Promise<T>;
  /** First rows of a statement as administrator. */
  query<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  /** One statement under another login role. */
  as<T extends pg.QueryResultRow>(role: string, text: string, values?: unknown[]): Promise<T[]>;
  draft(): Promise<Draft>;
  /** The plan as another login would get it. */
  draftAs(url: string): Promise<Draft>;
  /** Plans and freezes; an error with every reason when it is refused. */
  plan(): Promise<BackfillPlan>;
  /** Capture, snapshot, shadow. */
  preserve(): Promise<void>;
  build(): Promise<void>;
  conclude(): Promise<Extract<ConcludeOutcome, { kind: 'concluded' }>>;
  approve(by?: string): Promise<string>;
  /** Overlay granted, view armed; answers the fingerprint that publication expects. */
  arm(): Promise<string>;
  publish(): Promise<string>;
  /** Everything between the plan and the switch, and that. Answers the release. */
  throughPublication(): Promise<string>;
  /** Every party signs the release off, and consolidation may begin. */
  signOff(): Promise<void>;
  end(): Promise<void>;
}

const WORKFLOW_LIMITS = { maxConcurrency: 2, dailyBytesBudget: null };

/** `beside`: in the database of another dataset, or of whoever made it, who ends it. */
export async function createDataset(
  changes: Partial<Scenario> = {},
  beside?: Pick<SmallDataset, 'adminUrl'>,
): Promise<SmallDataset> {
  const scenario: Scenario = { ...SALES, ...changes };
  const database =
    beside === undefined ? await createDatabase() : { url: beside.adminUrl, drop: () => Promise.resolve() };
  const passwordOf = derivedRolePassword(database.url);
  const passwords = await ensureRoles(database.url, passwordOf);
  const urlOf = (role: string): string => withLogin(database.url, role, passwordOf(role as LoginRole));
  const urls = Object.fromEntries(
    Object.entries(passwords).map(([role, password]) => [role, withLogin(database.url, role, password)]),
  ) as Record<LoginRole, string>;
  const admin = createPool(database.url, 3);
  for (const [role, attributes] of Object.entries(scenario.roles ?? {}))
    await admin.query(roleStatement(role, `${attributes} PASSWORD ${pg.escapeLiteral(passwordOf(role as LoginRole))}`));
  await admin.query(scenario.tables);
  const installOptions: InstallOptions = {
    dataset: scenario.dataset,
    view: scenario.view,
    partitionKey: scenario.partitionKey,
    worker: scenario.worker ?? 'backfill_worker',
    ledgerOwner: 'backfill_ledger',
    ...(scenario.capture === undefined ? {} : { capture: scenario.capture }),
  };
  if (scenario.installed) await install(database.url, installOptions);
  const folder = await mkdtemp(join(tmpdir(), 'backfill-dataset-'));
  for (const [path, text] of Object.entries({ 'dataset.contract.yaml': scenario.contract, ...scenario.files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const deps: ActivityDeps = {
    pool: createPool(urlOf(installOptions.worker), 6),
    contracts: { folder, allowDirty: true },
    reportsFolder: join(folder, 'reports'),
    prices: null,
    secret: () => null,
    now: () => new Date('2026-01-15T12:00:00Z'),
  };
  const query: SmallDataset['query'] = async (text, values) => (await admin.query(text, values)).rows as never;
  return {
    scenario,
    adminUrl: database.url,
    admin,
    urls,
    deps,
    installOptions,
    query,
    urlOf,
    as: (role, text, values) => asRole(urlOf(role), text, values),
    session: (use) => withSession(deps.pool, SHORT, use),
    ...steps(scenario, deps),
    end: async () => {
      await deps.pool.end();
      await admin.end();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Steps = Pick<
  SmallDataset,
  | 'activities'
  | 'draft'
  | 'draftAs'
  | 'plan'
  | 'preserve'
  | 'build'
  | 'conclude'
  | 'approve'
  | 'arm'
  | 'publish'
  | 'throughPublication'
  | 'signOff'
>;

/** What the workflow does, one call a step. */
function steps(scenario: Scenario, deps: ActivityDeps): Steps {
  const activities = callActivities(deps);
  const backfillId = /^backfill_id: (.+)$/m.exec(scenario.spec)?.[1] ?? '';
  const ref = { backfillId };
  const session = <T>(use: (session: Session) => Promise<T>): Promise<T> => withSession(deps.pool, SHORT, use);
  const loadPlan = async (): Promise<BackfillPlan> =>
    (await session((one) => one.one<{ plan: BackfillPlan }>(readPlan(backfillId)))).plan;
  const draftWith = async (pool: pg.Pool): Promise<Draft> => {
    const read = await readDocuments({ file: 'spec.yaml', text: scenario.spec }, [], deps.contracts, deps.now());
    if (!read.ok) throw new Error(read.problems.join('\n'));
    return withSession(pool, SHORT, (one) => draftPlan(one, read.documents, null, deps.secret));
  };
  const newest = `SELECT digest FROM governance.backfill_evidence WHERE backfill_id = $1 AND kind = 'run' ORDER BY evidence_id DESC LIMIT 1`;
  const single: Omit<Steps, 'throughPublication'> = {
    activities,
    draft: () => draftWith(deps.pool),
    draftAs: async (url) => {
      const pool = createPool(url, 1);
      try {
        return await draftWith(pool);
      } finally {
        await pool.end();
      }
    },
    plan: async () => {
      const launch = { spec: scenario.spec, requestedBy: 'dora' };
      const outcome = await activities.planBackfill({ launch, workflowId: workflowIdOf(backfillId) });
      if (outcome.kind === 'refused') throw new Error(outcome.reasons.join('\n'));
      return loadPlan();
    },
    preserve: async () => {
      await activities.installCapture(ref);
      await activities.takeSnapshot(ref);
      await activities.createShadow(ref);
    },
    build: async () => {
      const { batches } = await loadPlan();
      const result = await activities.rebuildClaim({
        ...ref,
        claim: { from: 1, to: batches },
        lane: 1,
        limits: WORKFLOW_LIMITS,
      });
      if (result.stopped !== null) throw new Error(`the build stopped: ${JSON.stringify(result.stopped)}`);
    },
    conclude: async () => {
      const outcome = await activities.concludeEvidence(ref);
      if (outcome.kind === 'diverges') throw new Error(outcome.reason);
      if (outcome.kind !== 'concluded') throw new Error(`batch ${outcome.batch} failed ${outcome.check.name}`);
      return outcome;
    },
    approve: async (by = 'controller') => {
      const { digest } = await session((one) => one.one<{ digest: string }>({ text: newest, values: [backfillId] }));
      await session((one) =>
        one.change(insertDecision({ ...ref, decision: 'approve', by, digest, subject: '', comment: '' })),
      );
      return digest;
    },
    arm: async () => {
      const plan = await loadPlan();
      return session(async (one) => {
        await one.change(grantOverlay(plan));
        await one.rows(shapeView(plan, 'armed'));
        const text =
          'SELECT governance.view_fingerprint(published_view) AS fingerprint FROM governance.datasets WHERE dataset = $1';
        return (await one.one<{ fingerprint: string }>({ text, values: [plan.dataset] })).fingerprint;
      });
    },
    publish: async () => {
      const outcome = await activities.publishRelease({ ...ref, windowMs: 60_000, limits: WORKFLOW_LIMITS });
      if (outcome.kind !== 'published') throw new Error(JSON.stringify(outcome));
      return outcome.release.releaseId;
    },
    signOff: async () => {
      const plan = await loadPlan();
      await session(async (one) => {
        const active = await one.one<{ releaseId: string }>(activeRelease(plan.dataset));
        for (const by of plan.contract.signOff)
          await one.change(
            insertDecision({ ...ref, decision: 'sign_off', by, digest: '', subject: active.releaseId, comment: '' }),
          );
        await one.rows(beginConsolidation(plan));
      });
    },
  };
  return {
    ...single,
    throughPublication: async () => {
      await single.preserve();
      await single.build();
      await single.conclude();
      await single.approve();
      return single.publish();
    },
  };
}

/** Roles outlive the database of a test. */
function roleStatement(role: string, attributes: string): string {
  return `DO $do$ BEGIN CREATE ROLE ${role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$; ALTER ROLE ${role} ${attributes}`;
}

async function asRole<T extends pg.QueryResultRow>(url: string, text: string, values?: unknown[]): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}
