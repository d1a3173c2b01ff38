# What the broker scans for: `fastscanner live --config`. The names are options of `fastscanner live --help`;
# `fastscanner scanners` lists what there is to scan for. These two find something in the sample market.
scan = up:atr_gap_up,min_adv=1e5,min_adr=0.01,min_atr_multiplier=0.8,min_volume=2e4,start_time=09:30,end_time=15:59,include_null_market_cap
scan = down:atr_gap_down,min_adv=1e5,min_adr=0.01,min_atr_multiplier=0.8,min_volume=2e4,start_time=09:30,end_time=15:59,include_null_market_cap
all-hits = true
