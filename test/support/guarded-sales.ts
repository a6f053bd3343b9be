import { CONTRACT, SALES, SALES_ROWS, SALES_SOURCE, SCHEMAS, SPEC } from './sales-scenario.ts';
import type { Scenario } from './small-dataset.ts';

const COLUMNS = 'day, merchant, desk, gross, net, tax, updated_at';

const BASE = `
create table finance.sales_by_day (
  gap integer, day date not null, merchant bigint not null, gross numeric(14, 2) not null, net numeric(14, 2), tax numeric(14, 2) not null,
  updated_at timestamptz not null default now(), desk text generated always as (case when merchant < 3 then 'north_desk' else 'south_desk' end) stored,
  note text default 'kept from readers', primary key (day, merchant)
);
alter table finance.sales_by_day drop column gap;`;

/** A table by which a policy judges: merchant 1 is nobody's by assignment, merchant 5 is on the way to another desk. */
const ASSIGNED = `
create table finance.assigned (merchant bigint, desk text);
insert into finance.assigned values (2, 'north_desk'), (3, 'south_desk'), (4, 'south_desk'), (5, 'south_desk');
alter table finance.assigned owner to guarded_owner;`;

/** The overlay has another name and, after a dropped column, other column numbers: both stand in these expressions. */
const POLICIES = `
create policy own_desk on finance.sales_by_day to public using (desk = current_user and merchant = 1);
create policy assigned on finance.sales_by_day for select using
  (exists (select from finance.assigned a where a.merchant = sales_by_day.merchant and a.desk = current_user));
create policy not_moving on finance.sales_by_day as restrictive to south_desk using (merchant <> 5);
create policy writes on finance.sales_by_day to revenue_pipeline using (true) with check (true);`;

const ROLES = {
  guarded_worker: 'LOGIN BYPASSRLS',
  guarded_owner: 'NOLOGIN BYPASSRLS',
  guarded_views: 'NOLOGIN NOBYPASSRLS',
  view_readers: 'NOLOGIN',
  base_readers: 'NOLOGIN',
  north_desk: 'LOGIN NOBYPASSRLS',
  south_desk: 'LOGIN NOBYPASSRLS',
  passer_by: 'LOGIN NOBYPASSRLS',
  // With the rights of the table's owner, and subject to its policies where they are forced on that.
  owner_desk: 'LOGIN NOBYPASSRLS',
};

/** Roles are the server's, and test files run side by side: each has its own. */
export function rolesOf(file: string): (text: string) => string {
  return (text) => Object.keys(ROLES).reduce((so, role) => so.replaceAll(role, `${role}_${file}`), text);
}

/** Two desks that see their own merchants. One reads by its own grants, the other by what two groups have. */
export function guardedSales({
  view,
  security,
  named,
}: {
  readonly view: 'security_invoker' | 'owner';
  readonly security: string;
  /** From `rolesOf`. */
  readonly named: (text: string) => string;
}): Scenario {
  const invoker = view === 'security_invoker';
  return {
    dataset: { schema: 'finance', name: 'sales_by_day' },
    view: { schema: 'finance', name: 'sales_current' },
    partitionKey: 'day',
    installed: true,
    roles: Object.fromEntries(Object.entries(ROLES).map(([role, attributes]) => [named(role), attributes])),
    worker: named('guarded_worker'),
    tables: named(`
${SCHEMAS}${SALES_SOURCE}${BASE}${SALES_ROWS}${ASSIGNED}
grant pg_read_all_stats to guarded_worker;
grant view_readers, base_readers to south_desk;
grant guarded_owner to owner_desk;
grant usage on schema staging to guarded_worker;
grant select on staging.sales to guarded_worker;
grant usage on schema finance to guarded_owner, north_desk, south_desk, passer_by;
grant usage, create on schema finance to guarded_views, guarded_worker;
alter table finance.sales_by_day owner to guarded_owner;
grant select on finance.sales_by_day to guarded_worker;
grant select, insert, update, delete on finance.sales_by_day to revenue_pipeline;
grant select (${COLUMNS}) on finance.sales_by_day to ${invoker ? 'north_desk, base_readers' : 'guarded_views'};
grant select on finance.assigned to ${invoker ? 'north_desk, base_readers' : 'guarded_views'};
create view finance.sales_current ${invoker ? 'with (security_invoker = true)' : ''} as select ${COLUMNS} from finance.sales_by_day;
alter view finance.sales_current owner to guarded_views;
grant select on finance.sales_current to guarded_worker, north_desk, view_readers, passer_by, owner_desk;
${POLICIES}
${security}
analyze;`),
    contract: CONTRACT,
    files: SALES.files,
    spec: SPEC,
  };
}
