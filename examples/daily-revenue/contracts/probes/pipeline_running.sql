-- Always one row. A run without an end is running; a pipeline that died closes its open runs when it starts again.
select
  count(*) > 0 as running,
  min(r.started_at) as since,
  coalesce(string_agg(distinct r.name, ', ' order by r.name), 'daily-revenue') as name
from staging.pipeline_runs r
where r.finished_at is null
