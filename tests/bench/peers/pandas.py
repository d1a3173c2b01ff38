# pandas' job: every file, grouped by symbol, the mean of 14 rows that rolls over `close`.
#
#     python3 pandas.py DIR/data/candles FREQ
import sys
sys.path.pop (0) # this file has the package's name
import glob
import json
import pandas

candles, frequency = sys.argv[1:]
frames = []
for path in sorted (glob.glob (f'{candles}/*/{frequency}/*.csv')):
    frame = pandas.read_csv (path, usecols=['close'], dtype='float64')
    frame['symbol'] = path.split ('/')[-3]
    frames.append (frame)
closes = pandas.concat (frames, ignore_index=True)
closes['symbol'] = closes['symbol'].astype ('category')
means = closes.groupby ('symbol', sort=False, observed=True)['close'].rolling (14, min_periods=1).mean ()
print (json.dumps ({'rows': int (means.count ()), 'symbols': int (closes['symbol'].nunique ()),
                    'sum': float (means.sum ()), 'version': pandas.__version__}))
