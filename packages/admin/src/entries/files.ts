/** `@cloakwright/admin/files`: users in files, read and written as streams. */

export {
  type ExportOptions,
  type ExportReport,
  exportUsers,
  type ImportedUser,
  openUserFile,
  type RejectedRow,
  type Row,
  type UserFile,
  type UserFileOptions,
  type UserFormat,
  type UserRow,
} from '../files/index.ts'
