{{ kpis('experience') }}
