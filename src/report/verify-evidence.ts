import { newestRunEvidence } from '../ledger/evidence.ts';
import type { StoredEvidence } from '../ledger/stored-evidence.ts';
import { batchEvidenceBefore, otherEvidence } from '../ledger/stored-evidence.ts';
import { fingerprint, sha256 } from '../spec/fingerprint.ts';
import type { Session } from '../warehouse/session.ts';

/** Whether the digest that people approve is that of what the ledger holds now. */
export interface Verification {
  readonly verified: boolean;
  /** Pieces of evidence that were digested anew. */
  readonly pieces: number;
  /** One sentence for each that is not what it was recorded as; at most the first twenty. */
  readonly findings: readonly string[];
}

const PAGE = 100;
const MOST_FINDINGS = 20;

interface RunRow {
  readonly evidenceId: number;
  readonly digest: string;
  readonly body: { readonly batchDigest: string; readonly proofs: unknown; readonly waivers: unknown };
}

/**
 * Digests everything that the newest evidence of a run stands on anew, from the stored bodies alone: its own body, what
 * each batch was found to hold, proofs, waivers, amendments. Null before there is evidence of the whole run.
 */
export async function verifyEvidence(session: Session, backfillId: string): Promise<Verification | null> {
  const [run] = await session.rows<RunRow>(newestRunEvidence(backfillId));
  if (run === undefined) return null;
  const batches = await digestBatches(session, backfillId, run.evidenceId);
  const others = await digestOthers(session, backfillId, run.evidenceId);
  const chained =
    batches.digest === run.body.batchDigest
      ? []
      : ['the evidence of the batches is not what the evidence of the run was concluded from'];
  const quoted = (['proofs', 'waivers'] as const).filter(
    (list) => fingerprint(run.body[list] ?? []) !== fingerprint(others[list]),
  );
  const findings = [
    ...batches.findings,
    ...others.findings,
    ...chained,
    ...quoted.map((list) => `the ${list} that the evidence of the run quotes are not those that are recorded`),
  ];
  return {
    verified: findings.length === 0,
    pieces: batches.pieces + others.pieces,
    findings: findings.slice(0, MOST_FINDINGS),
  };
}

async function digestBatches(
  session: Session,
  backfillId: string,
  before: number,
): Promise<{ digest: string; pieces: number; findings: readonly string[] }> {
  const links: string[] = [];
  const findings: string[] = [];
  for (let after = 0; ;) {
    const page = await session.rows<StoredEvidence>(batchEvidenceBefore(backfillId, before, after, PAGE));
    for (const one of page) {
      links.push(`${one.batch}:${fingerprint(one.body)}`);
      findings.push(...changed(one));
    }
    after = page.at(-1)?.batch ?? 0;
    if (page.length < PAGE) return { digest: sha256(links.join(',')), pieces: links.length, findings };
  }
}

async function digestOthers(
  session: Session,
  backfillId: string,
  before: number,
): Promise<{ pieces: number; findings: readonly string[]; proofs: unknown[]; waivers: unknown[] }> {
  const found = { pieces: 0, findings: [] as string[], proofs: [] as unknown[], waivers: [] as unknown[] };
  for (let after = 0; ;) {
    const page = await session.rows<StoredEvidence>(otherEvidence(backfillId, after, PAGE));
    for (const one of page) {
      found.pieces += 1;
      found.findings.push(...changed(one));
      if (one.kind === 'proof' && one.evidenceId < before) found.proofs.push(one.body);
      if (one.kind === 'waiver' && one.evidenceId < before) found.waivers.push(one.body);
    }
    after = page.at(-1)?.evidenceId ?? 0;
    if (page.length < PAGE) return found;
  }
}

function changed({ kind, batch, body, digest, evidenceId }: StoredEvidence): string[] {
  const now = fingerprint(body);
  if (now === digest) return [];
  const what = batch === null ? `${kind} evidence ${evidenceId}` : `${kind} evidence ${evidenceId} of batch ${batch}`;
  return [`${what} was recorded under digest ${digest}, and what is stored has digest ${now}`];
}
