-- A row an aspect of a sentence, with its name and the sentence's text.
select
    l.sentence_id,
    l.document_id,
    l.corpus,
    l.paper_id,
    l.decision,
    l.label,
    t.name,
    l.polarity,
    l.repair is not null as repaired,
    s.heading,
    s.text
from {{ source('quern', 'labels') }} l
join {{ source('quern', 'sentences') }} s on s.sentence_id = l.sentence_id
join {{ source('quern', 'taxonomy') }} t on t.corpus = l.corpus and t.layer = l.layer and t.label = l.label
where l.layer = 'aspect'
