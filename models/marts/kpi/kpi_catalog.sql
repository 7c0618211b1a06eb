{{ kpis('catalog') }}
