// Polars' job: every file, grouped by symbol, the mean of 14 rows that rolls over `close`.
//
//     node polars.mjs DIR/data/candles FREQ        with PEERS: where it is installed
//
// The best way that was found: lazy, types declared, and no sorting, for files come in the order of
// their names, which is that of time.
import { createRequire } from 'node:module';

const require = createRequire (process.env.PEERS + '/');
const pl = require ('nodejs-polars');
const { version } = require ('nodejs-polars/package.json');
const [candles, frequency] = process.argv.slice (2);

const schema = { datetime: pl.Utf8 };
for (const column of ['open', 'high', 'low', 'close', 'volume']) {
    schema[column] = pl.Float64;
}
const symbol = pl.col ('path').str.extract ('/([^/]+)/[^/]+/[^/]+$', 1).alias ('symbol');
const mean = pl.col ('close').rollingMean ({ windowSize: 14, minPeriods: 1 }).alias ('mean');
const means = pl.col ('mean').explode ();
const [result] = pl.scanCSV (`${candles}/*/${frequency}/*.csv`, { schema, includeFilePaths: 'path' })
    .select (symbol, 'close')
    .groupBy ('symbol').agg (mean)
    .select (means.count ().alias ('rows'), pl.col ('symbol').nUnique ().alias ('symbols'),
             means.sum ().alias ('sum'))
    .collectSync ().toRecords ();
console.log (JSON.stringify ({ rows: Number (result.rows), symbols: Number (result.symbols),
                               sum: result.sum, version }));
