-- A row a paper, also where no reviewer says anything about an aspect.
select
    d.corpus,
    coalesce(d.paper_id, d.document_id) as paper,
    any_value(d.decision) as decision,
    count(*) as reviews,
    sum(d.sentences) as sentences,
    coalesce(sum(a.negative), 0) as negative
from {{ source('quern', 'documents') }} d
left join (
    select document_id, count(*) filter (polarity = 'NEG') as negative
    from {{ ref('aspects') }}
    group by document_id
) a on a.document_id = d.document_id
group by all
