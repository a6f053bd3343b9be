import type { Sql } from '../../src/warehouse/sql.ts';
import type { SmallDataset } from './small-dataset.ts';

interface Node {
  readonly 'Node Type': string;
  readonly Schema?: string;
  readonly 'Relation Name'?: string;
  readonly 'Join Type'?: string;
  readonly Plans?: readonly Node[];
}

interface PlanNode {
  readonly node: string;
  readonly join: string | null;
  readonly relation: string | null;
}

/** The nodes of a statement's plan that read a relation or join, `relation` as `schema.name`. */
export async function planOf(world: SmallDataset, { text, values }: Sql): Promise<PlanNode[]> {
  const [row] = await world.query<{ 'QUERY PLAN': { Plan: Node }[] }>(`EXPLAIN (FORMAT JSON, VERBOSE) ${text}`, [
    ...values,
  ]);
  return flat(row?.['QUERY PLAN'][0]?.Plan);
}

function flat(node: Node | undefined): PlanNode[] {
  if (node === undefined) return [];
  const { 'Relation Name': name, Schema: schema = '' } = node;
  return [
    {
      node: node['Node Type'],
      join: node['Join Type'] ?? null,
      relation: name === undefined ? null : `${schema}.${name}`,
    },
    ...(node.Plans ?? []).flatMap(flat),
  ];
}
