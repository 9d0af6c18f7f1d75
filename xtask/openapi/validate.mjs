// Validates every OpenAPI document below a folder.

import {readFile, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {Validator} from '@seriousme/openapi-schema-validator';

const folder = process.argv[2];
const scopes = (await readdir(join(folder, 'openapi'))).map((name) => join('openapi', name));
let failed = false;
for (const name of ['openapi.json', ...scopes]) {
  const validator = new Validator();
  const {valid, errors} = await validator.validate(JSON.parse(await readFile(join(folder, name), 'utf8')));
  if (!valid || validator.version !== '3.1') {
    failed = true;
    console.error(`${name} is no OpenAPI 3.1: ${JSON.stringify(errors, null, 1)}`);
  }
}
process.exit(failed ? 1 : 0);
