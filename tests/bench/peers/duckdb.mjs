// DuckDB's job: every file, grouped by symbol, the mean of 14 rows that rolls over `close`.
//
//     node duckdb.mjs DIR/data/candles FREQ        with PEERS: where it is installed
//
// The best way that was found: types declared and nothing sniffed, columns read that are wanted and no
// others, all cores.
import { createRequire } from 'node:module';

const require = createRequire (process.env.PEERS + '/');
const { DuckDBInstance, version } = require ('@duckdb/node-api');
const [candles, frequency] = process.argv.slice (2);

const instance = await DuckDBInstance.create (':memory:');
const connection = await instance.connect ();
const reader = await connection.runAndReadAll (`
    WITH candles AS (
        SELECT split_part (filename, '/', -3) AS symbol, datetime, close
        FROM read_csv ('${candles}/*/${frequency}/*.csv', auto_detect = false, header = true,
            delim = ',', quote = '', escape = '', filename = true,
            columns = {'datetime': 'TIMESTAMP', 'open': 'DOUBLE', 'high': 'DOUBLE',
                       'low': 'DOUBLE', 'close': 'DOUBLE', 'volume': 'DOUBLE'})),
    means AS (
        SELECT symbol, avg (close) OVER (PARTITION BY symbol ORDER BY datetime
                                         ROWS BETWEEN 13 PRECEDING AND CURRENT ROW) AS mean
        FROM candles)
    SELECT count (*)::DOUBLE, count (DISTINCT symbol)::DOUBLE, sum (mean) FROM means`);
const [rows, symbols, sum] = reader.getRows ()[0];
console.log (JSON.stringify ({ rows, symbols, sum, version: version ().replace ('v', '') }));
