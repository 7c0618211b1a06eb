{{ kpis('sales') }}
