export { type ExportRealmOptions, exportRealm, neverExported, type RealmExport } from './export-realm.ts'
