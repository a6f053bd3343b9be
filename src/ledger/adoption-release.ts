import { ident, literal } from '../warehouse/sql.ts';

export interface AdoptionRelease {
  readonly releaseId: string;
  /** As the contract names it afterwards. */
  readonly dataset: string;
  readonly requestedBy: string;
  /** sha256 over the statements. */
  readonly digest: string;
  /** What was adopted, for whoever reads the ledger later. */
  readonly adoption: Readonly<Record<string, unknown>>;
  readonly ledgerOwner: string;
}

/**
 * The row of an adoption's own release. Whoever runs the script approves it, by the login that the server knows; a run of one's
 * own proposal is refused like a publication that its requester approves. It shows no overlay, so it is never "published".
 */
export function recordAdoption(release: AdoptionRelease): string[] {
  const values = [
    literal(release.releaseId),
    `'adoption'`,
    literal(release.dataset),
    `'all'`,
    literal(`sha256:${release.digest}`),
    'session_user',
    literal(release.requestedBy),
    literal(release.digest),
    literal(release.digest),
    `'adopted'`,
    '0',
    '0',
    `'infinity'`,
    `${literal(JSON.stringify(release.adoption))}::jsonb`,
  ];
  return [
    `SET LOCAL ROLE ${ident(release.ledgerOwner)};`,
    `INSERT INTO governance.data_releases (release_id, kind, dataset, source_range, code_version, approved_by, requested_by, evidence_digest, plan_hash, state, epoch, fence, rollback_deadline, adoption)\nVALUES (${values.join(', ')})\nON CONFLICT (release_id) DO NOTHING;`,
    'RESET ROLE;',
  ];
}

export function recordUndoneAdoption({ releaseId, ledgerOwner }: AdoptionRelease): string[] {
  return [
    `SET LOCAL ROLE ${ident(ledgerOwner)};`,
    `UPDATE governance.data_releases SET state = 'rolled_back', rolled_back_at = clock_timestamp(), rolled_back_by = session_user WHERE release_id = ${literal(releaseId)} AND state = 'adopted';`,
    'RESET ROLE;',
  ];
}
