/** `@cloakwright/admin/files`: users in files, read and written as streams. */

export {
  type BadRow,
  type ExportOptions,
  type ExportReport,
  exportUsers,
  type ImportedUser,
  openUserFile,
  type Row,
  type UserFile,
  type UserFileOptions,
  type UserFormat,
  type UserRow,
} from '../files/index.ts'
