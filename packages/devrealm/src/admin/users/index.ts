export { addImportedUser } from './user-changes.ts'
export { requireProfileConfig } from './user-profile.ts'
export { userRoutes } from './users.ts'
