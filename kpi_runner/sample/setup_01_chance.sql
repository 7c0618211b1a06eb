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

-- Where millions of rows need many draws each, one md5 is drawn per row and the rest derived
-- from its two halves: dice('visit', 17) is thrown once, chance(dice, 3) reads it a third way.
create macro dice(purpose, key) as
    md5_number_lower(concat(getvariable('seed'), '/', purpose, '/', key));

create macro chance(dice, way) as
    (
        (dice & 2147483647) * cast((way::bigint * 742938285 + 950706376) % 2147483647 as ubigint)
        + (dice >> 33)
    ) % 2147483647 / 2147483647.0;

create macro chance_between(dice, way, low, high) as
    low + cast(floor(chance(dice, way) * (high - low + 1)) as bigint);

create macro chance_from(dice, way, choices) as
    choices[chance_between(dice, way, 1, len(choices))];

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

-- The hour of the day at which a part of the day's visits and orders has come in: few at night,
-- most in the evening.
create macro hour_at(part_of_day) as
    case
        when part_of_day < 0.05 then part_of_day / 0.05 * 7
        when part_of_day < 0.30 then 7 + (part_of_day - 0.05) / 0.25 * 4.5
        when part_of_day < 0.58 then 11.5 + (part_of_day - 0.30) / 0.28 * 4.5
        when part_of_day < 0.93 then 16 + (part_of_day - 0.58) / 0.35 * 6
        else 22 + (part_of_day - 0.93) / 0.07 * 2
    end;

-- Nothing that happens after the export was taken is in it.
create macro if_known(moment) as case when moment < getvariable('export_at') then moment end;
