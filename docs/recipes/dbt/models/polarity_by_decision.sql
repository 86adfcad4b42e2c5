-- A row an aspect and a decision: how often it is praised and how often criticised.
select
    coalesce(decision, 'unknown') as decision,
    name as aspect,
    count(*) as labels,
    count(*) filter (polarity = 'POS') as positive,
    count(*) filter (polarity = 'NEG') as negative
from {{ ref('aspects') }}
group by all
