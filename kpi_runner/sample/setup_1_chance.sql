-- Chance and arithmetic that give the same bytes on every machine and with any number of threads.
-- random() depends on the order in which threads ask, hash() on the version of the engine;
-- md5 of (seed, purpose, key) depends on neither, and any row can be made without the others.

-- draw('channel', 17) → a number in [0, 1) that belongs to this purpose and key.
create macro draw(purpose, key) as
    (md5_number_lower(concat(getvariable('seed'), '/', purpose, '/', key)) >> 11)
        / 9007199254740992.0;

-- An integer in [low, high].
create macro draw_between(purpose, key, low, high) as
    low + cast(floor(draw(purpose, key) * (high - low + 1)) as bigint);

-- Roughly normal, mean 0, standard deviation 1 (three draws added; never beyond ±3).
create macro draw_bell(purpose, key) as
    (draw(purpose, concat(key, 'a')) + draw(purpose, concat(key, 'b'))
        + draw(purpose, concat(key, 'c')) - 1.5) * 2;

-- One element of a list, each equally likely.
create macro draw_from(purpose, key, choices) as
    choices[draw_between(purpose, key, 1, len(choices))];

-- Money is counted in whole cents until it is written: sums then hold to the last cent.
create macro money(cents) as cast(cents as decimal(16, 0)) * 0.01;

-- numerator / denominator of an amount, rounded half up to a whole cent.
create macro share(cents, numerator, denominator) as
    (2 * cents * numerator + denominator) // (2 * denominator);

-- The tax in an amount that includes it, or on one that does not; the rate in tenths of a percent.
create macro tax_of(cents, rate, is_included) as
    case when is_included then share(cents, rate, 1000 + rate) else share(cents, rate, 1000) end;

-- The shop's wall clock → UTC and back. Working tables hold UTC.
create macro utc(local_moment) as
    timezone('UTC', timezone(getvariable('timezone'), local_moment));

create macro local_time(moment) as
    timezone(getvariable('timezone'), timezone('UTC', moment));

-- Nothing that happens after the export was taken is in it.
create macro if_known(moment) as case when moment < getvariable('export_at') then moment end;
