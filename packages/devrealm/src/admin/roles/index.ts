export { addNamedComposites, addRole } from './role-changes.ts'
export { groupHolder, mappingRoutes, type RoleHolder, userHolder } from './role-mappings.ts'
export { roleIdsOf } from './role-names.ts'
export { namedRoleRoutes, roleRoutes } from './roles.ts'
