import type { DirectReader } from '../../domain/table-shape.ts';
import type { QualifiedName } from '../../domain/names.ts';
import type { Grant } from '../../warehouse/postgres/adoption/base-grants.ts';
import { readBlindedWriters, readGrants } from '../../warehouse/postgres/adoption/base-grants.ts';
import type { ReadingFunction } from '../../warehouse/postgres/adoption/reading-functions.ts';
import { readFunctions } from '../../warehouse/postgres/adoption/reading-functions.ts';
import type { KeptOfMaterialised, ReadingRelation } from '../../warehouse/postgres/adoption/reading-relations.ts';
import { readMaterialised, readRelations } from '../../warehouse/postgres/adoption/reading-relations.ts';
import type { Repointed, RepointTarget } from '../../warehouse/postgres/adoption/repoint.ts';
import { repointRelation, repointRoutine } from '../../warehouse/postgres/adoption/repoint.ts';
import type { AdoptedTable } from '../../warehouse/postgres/adoption/adopted-table.ts';
import { readAdoptedTable, readDefinedText, readViewReaders } from '../../warehouse/postgres/adoption/adopted-table.ts';
import type { ViewReader } from '../../warehouse/postgres/adoption/adopted-table.ts';
import type { LocatedReader, WritingFunction } from '../../warehouse/postgres/direct-readers.ts';
import { readDirectReaders, readWritingFunctions } from '../../warehouse/postgres/direct-readers.ts';
import type { Session } from '../../warehouse/session.ts';

/** Where the readers of a table are to go. */
export interface AdoptionTarget {
  /** The base table as it is called now. */
  readonly base: QualifiedName;
  /** The view that readers are to go through, by the name that it has while the script runs. */
  readonly view: QualifiedName;
  /** The view is made by the script. */
  readonly isNew: boolean;
  readonly worker: string;
  /** Readers that stay, by the names that a plan gives them. */
  readonly leave: readonly string[];
}

/** All that the catalogue says of an adoption. */
export interface AdoptionFacts {
  readonly table: AdoptedTable;
  readonly relations: readonly (ReadingRelation & {
    readonly repointed: Repointed;
    readonly kept: KeptOfMaterialised | null;
  })[];
  readonly functions: readonly (ReadingFunction & {
    readonly repointed: Repointed | null;
    readonly readerName: string;
  })[];
  /** Rules and policies, with their definitions. */
  readonly others: readonly (LocatedReader & { readonly definition: string })[];
  readonly roles: readonly LocatedReader[];
  readonly left: readonly DirectReader[];
  readonly grants: readonly Grant[];
  /** Of the view, where it exists. */
  readonly viewGrants: readonly Grant[];
  /** Writers, quoted, that read the base by nothing but the grants that move. */
  readonly blindedWriters: readonly string[];
  readonly writingFunctions: readonly WritingFunction[];
  /** Roles that will read the view: as owners of what reads it, or by the grants that move. */
  readonly viewReaders: readonly ViewReader[];
}

/** Looks and changes nothing: runs in a transaction that is rolled back. */
export async function readAdoptionFacts(session: Session, target: AdoptionTarget): Promise<AdoptionFacts> {
  const found = await readDirectReaders(session, target.base, {
    view: target.isNew ? null : target.view,
    worker: target.worker,
  });
  const moved = found.filter(({ name }) => !target.leave.includes(name));
  const of = (...kinds: DirectReader['kind'][]): LocatedReader[] => moved.filter(({ kind }) => kinds.includes(kind));
  const table = await readAdoptedTable(session, target.base, target.view);
  const partitions = table.partitions;
  const relations = await readRelations(session, oids(of('view', 'materialised view')), partitions);
  const functions = await readFunctions(session, oids(of('function')), partitions);
  const repoint: RepointTarget = {
    base: target.base,
    tables: [table.oid, ...partitions],
    columns: target.isNew ? table.columns : table.viewColumns,
    isWhole: target.isNew || table.columns.join() === table.viewColumns.join(),
    view: table.viewText,
    names: table.bareNames,
  };
  return {
    table,
    relations: await repointRelations(session, repoint, relations),
    functions: await repointFunctions(session, repoint, functions, of('function')),
    others: await Promise.all(
      of('rule', 'policy').map(async (one) => ({ ...one, definition: await readDefinedText(session, one) })),
    ),
    roles: of('role'),
    left: found.filter((one) => !moved.includes(one)).map(({ kind, name }) => ({ kind, name })),
    grants: await readGrants(session, target.base),
    viewGrants: target.isNew ? [] : await readGrants(session, target.view),
    blindedWriters: await readBlindedWriters(session, target.base, oids(of('role'))),
    writingFunctions: await readWritingFunctions(session, target.base),
    viewReaders: await readViewReaders(session, {
      ...target,
      relations: relations.map(({ oid }) => oid),
      functions: functions.map(({ oid }) => oid),
      roles: oids(of('role')),
    }),
  };
}

async function repointRelations(
  session: Session,
  target: RepointTarget,
  relations: readonly ReadingRelation[],
): Promise<AdoptionFacts['relations']> {
  const repointed: AdoptionFacts['relations'][number][] = [];
  for (const one of relations)
    repointed.push({
      ...one,
      repointed: await repointRelation(session, target, one),
      kept: one.kind === 'view' ? null : await readMaterialised(session, one.oid),
    });
  return repointed;
}

/** Only a parsed body can be printed and read again; what is text is a person's. */
async function repointFunctions(
  session: Session,
  target: RepointTarget,
  functions: readonly ReadingFunction[],
  readers: readonly LocatedReader[],
): Promise<AdoptionFacts['functions']> {
  const repointed: AdoptionFacts['functions'][number][] = [];
  for (const one of functions)
    repointed.push({
      ...one,
      readerName: readers.find(({ oid }) => oid === one.oid)?.name ?? one.signature,
      repointed: one.isParsed ? await repointRoutine(session, target, one) : null,
    });
  return repointed;
}

function oids(readers: readonly LocatedReader[]): number[] {
  return readers.map(({ oid }) => oid);
}
