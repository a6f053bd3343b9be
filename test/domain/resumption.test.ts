import { describe, expect, it } from 'vitest';
import type { LedgerStanding } from '../../src/domain/resumption.ts';
import { resumedAt } from '../../src/domain/resumption.ts';
import { BACKFILL_STATUSES, canMove, isFinal } from '../../src/domain/status.ts';

const RELEASES = [null, 'published', 'rolled_back', 'consolidated'] as const;
const POINTERS = ['ours', 'consolidating', 'not ours'] as const;
const OPEN = BACKFILL_STATUSES.filter((status) => !isFinal(status));

const all: LedgerStanding[] = OPEN.flatMap((status) =>
  RELEASES.flatMap((release) =>
    POINTERS.flatMap((pointer) =>
      [true, false].flatMap((hasNewerEvidence) =>
        [true, false].flatMap((hasMovedRows) =>
          [true, false].map((hasUnbuilt) => ({
            status,
            release,
            pointer,
            hasNewerEvidence,
            hasMovedRows,
            hasUnbuilt,
          })),
        ),
      ),
    ),
  ),
);

const rolledBack: LedgerStanding = {
  status: 'observing',
  release: 'rolled_back',
  pointer: 'not ours',
  hasNewerEvidence: false,
  hasMovedRows: false,
  hasUnbuilt: false,
};

describe('a run whose workflow is gone', () => {
  it.each(OPEN.filter((status) => status !== 'aborting' && status !== 'closing'))(
    'that was last seen in %s, and was rolled back, is rolled back',
    (status) => {
      expect(resumedAt({ ...rolledBack, status })).toBe('rolledBack');
    },
  );

  it('goes on to its next publication where newer evidence shows that one was asked for', () => {
    const onTheWay = OPEN.filter((status) => resumedAt({ ...rolledBack, status, hasNewerEvidence: true }) === null);
    const way = ['proving', 'preserving', 'building', 'reconciling', 'awaitingApproval', 'publishing', 'held'];
    expect(onTheWay).toEqual(way);
    // As after a replan with another logic, when no evidence was found yet.
    expect(OPEN.filter((status) => resumedAt({ ...rolledBack, status, hasUnbuilt: true }) === null)).toEqual(way);
  });

  it('is where its release is, whatever its status was', () => {
    for (const status of OPEN.filter((one) => !['aborting', 'closing', 'rollingBack'].includes(one))) {
      expect(resumedAt({ ...rolledBack, status, release: 'published', pointer: 'ours' }), status).toBe('observing');
      const consolidating = { ...rolledBack, status, release: 'published', pointer: 'consolidating' } as const;
      expect(resumedAt({ ...consolidating, hasMovedRows: true }), status).toBe('consolidating');
      expect(resumedAt({ ...rolledBack, status, release: 'consolidated' }), status).toBe('consolidating');
      expect(resumedAt({ ...rolledBack, status, release: null }), status).toBeNull();
    }
  });

  it('switches back what a person asked to switch back, and consolidates nothing further once rows were moved', () => {
    const published = { ...rolledBack, status: 'rollingBack', release: 'published', pointer: 'ours' } as const;
    expect(resumedAt(published)).toBe('rollingBack');
    expect(resumedAt({ ...rolledBack, hasMovedRows: true })).toBe('consolidating');
  });

  it('ends what it was about to end', () => {
    for (const status of ['aborting', 'closing'] as const)
      for (const standing of all.filter((one) => one.status === status)) expect(resumedAt(standing)).toBe(status);
  });

  it('builds only where readers see nothing of it, and moves only where planning may move', () => {
    for (const standing of all) {
      const at = resumedAt(standing);
      const label = JSON.stringify(standing);
      if (at !== null) expect(canMove('planning', at), label).toBe(true);
      else if (standing.release !== null) expect(standing, label).toMatchObject({ pointer: 'not ours' });
      if (at === 'rolledBack') expect(standing.pointer, label).toBe('not ours');
    }
  });
});
