-- Fails with a row if the models lost or doubled sentences on the way.
select papers.n as in_papers, sentences.n as in_snapshot
from (select coalesce(sum(sentences), 0) as n from {{ ref('papers') }}) papers,
     (select count(*) as n from {{ source('quern', 'sentences') }}) sentences
where papers.n <> sentences.n
