/** Reads realms from files. In: a path. Out: a definition, or Keycloak's export. Used by commands. */

export { loadDefinition } from './definition.ts'
export { readRealms } from './export-file.ts'
