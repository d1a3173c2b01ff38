// Are these the fields, types and required fields of the Kubernetes API? Two packages know: the official client knows
// every field and its type, kubernetes-models what is required and which values there are.
//
//     node schema.mjs NODE_MODULES FILE.json...     each file an array of objects
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [folder, ...files] = process.argv.slice(2);
const require = createRequire(folder + '/');
const fields = await import(folder + '/@kubernetes/client-node/dist/gen/models/all.js');

// A `labels` object has a mapping's type, a quantity or a port may be a number too.
function check(value, type, path, errors) {
    const list = /^(?:Array|Set)<(.*)>$/.exec(type), map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
    if (list) {
        if (!Array.isArray(value)) errors.push(`${path}: not a list`);
        else value.forEach((one, i) => check(one, list[1], `${path}[${i}]`, errors));
    } else if (map) {
        Object.entries(value).forEach(([key, one]) => check(one, map[1], `${path}.${key}`, errors));
    } else if (fields[type]?.attributeTypeMap) {
        if (typeof value !== 'object' || Array.isArray(value)) return errors.push(`${path}: not an object`);
        const known = new Map(fields[type].attributeTypeMap.map(one => [one.baseName, one.type]));
        for (const [key, one] of Object.entries(value)) {
            if (!known.has(key)) errors.push(`${path}.${key}: no such field of ${type}`);
            else check(one, known.get(key), `${path}.${key}`, errors);
        }
    } else if (type === 'IntOrString') {
        if (!['number', 'string'].includes(typeof value)) errors.push(`${path}: neither number nor text`);
    } else if (['string', 'number', 'boolean'].includes(type) && typeof value !== type) {
        errors.push(`${path}: not a ${type}`);
    }
}

function model(one) {
    const [group, version] = one.apiVersion.includes('/') ? one.apiVersion.split('/') : ['', one.apiVersion];
    const types = Object.keys(fields).filter(name => name.toLowerCase() === (version + one.kind).toLowerCase());
    return { required: require(`kubernetes-models/${group ? group + '/' : ''}${version}`)[one.kind], type: types[0] };
}

let count = 0, bad = 0;
for (const file of files) {
    for (const one of JSON.parse(readFileSync(file, 'utf8'))) {
        const errors = [], { required, type } = model(one), where = `${one.kind} ${one.metadata.name}`;
        if (!required || !type) errors.push(`${where}: ${one.apiVersion} has no such kind`);
        else {
            check(one, type, where, errors);
            try { new required(one).validate(); } catch (error) { errors.push(`${where}: ${error.message}`); }
        }
        errors.forEach(error => console.error(error));
        count++, bad += errors.length > 0;
    }
}
console.log(`${count} objects, ${bad} bad`);
process.exit(bad || !count ? 1 : 0);
