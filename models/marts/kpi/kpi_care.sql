{{ kpis('care') }}
