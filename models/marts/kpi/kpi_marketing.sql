{{ kpis('marketing') }}
