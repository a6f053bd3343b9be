import { BLOCK_BYTES } from './statements/blocks-read.ts';

/** What we read of `EXPLAIN (FORMAT JSON)`. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Plan Rows': number;
  readonly 'Actual Rows'?: number;
  readonly 'Parent Relationship'?: string;
  readonly 'Relation Name'?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly 'Local Hit Blocks'?: number;
  readonly 'Local Read Blocks'?: number;
  readonly 'Temp Read Blocks'?: number;
  /** Taken from beside the root node. */
  readonly executionMs?: number;
}

/** The root node of an answer; pg parses the JSON column by itself. */
export function readExplain(row: unknown): PlanNode {
  const [answer] = (row as Record<'QUERY PLAN', readonly { Plan: PlanNode; 'Execution Time'?: number }[]>)[
    'QUERY PLAN'
  ];
  if (answer === undefined) throw new Error('EXPLAIN answered no plan');
  return { ...answer.Plan, executionMs: answer['Execution Time'] ?? 0 };
}

/**
 * Rows that the scans of real relations yield, as the planner expects or as they did. What a nested loop or a sub-query
 * reads again for each row is left out: of that the planner tells one turn only, so the two could not be compared.
 */
export function scannedRows(node: PlanNode, rows: 'Plan Rows' | 'Actual Rows' = 'Plan Rows'): number {
  const own = node['Relation Name'] === undefined || node['Node Type'] === 'ModifyTable' ? 0 : (node[rows] ?? 0);
  const once = (node.Plans ?? []).filter((child) => {
    const relation = child['Parent Relationship'];
    return relation !== 'SubPlan' && !(node['Node Type'] === 'Nested Loop' && relation === 'Inner');
  });
  return once.reduce((sum, child) => sum + scannedRows(child, rows), own);
}

export interface MeasuredWork {
  readonly rows: number;
  /** Blocks touched, cached or not, times 8 KiB; the root's counters include its children's. */
  readonly bytes: number;
  readonly cachedBytes: number;
  readonly durationMs: number;
}

export function measuredWork(root: PlanNode): MeasuredWork {
  // An INSERT yields no rows of its own, and counts every page it writes to: what was scanned is its only child.
  const source = root['Node Type'] === 'ModifyTable' ? (root.Plans?.[0] ?? root) : root;
  const hit = (source['Shared Hit Blocks'] ?? 0) + (source['Local Hit Blocks'] ?? 0);
  const read =
    (source['Shared Read Blocks'] ?? 0) + (source['Local Read Blocks'] ?? 0) + (source['Temp Read Blocks'] ?? 0);
  return {
    rows: source['Actual Rows'] ?? 0,
    bytes: (hit + read) * BLOCK_BYTES,
    cachedBytes: hit * BLOCK_BYTES,
    durationMs: root.executionMs ?? 0,
  };
}

/** The first node that filters by a key's literal without being a scan of a relation: there a predicate got stuck. */
export function stuckPredicate(node: PlanNode, key: string): string | null {
  const scans = node['Relation Name'] !== undefined;
  if (!scans && node.Filter?.includes(key) === true) return node['Node Type'];
  for (const child of node.Plans ?? []) {
    const found = stuckPredicate(child, key);
    if (found !== null) return found;
  }
  return null;
}
